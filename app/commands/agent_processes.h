#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "app/invocation.h"

namespace talweg::app {

/// What --agent says: one agent of a configuration, or all, each in a process of its own.
struct AgentChoice {
  bool all = false;
  std::int64_t agent = 0;  ///< where it is one
};
/// Nothing without --agent. Throws UsageError for what is neither a number nor "all".
std::optional<AgentChoice> agent_choice(const Invocation& invocation);

/// The folder of an agent's run, and the one in which agents leave their snapshots, below the folder of all.
std::filesystem::path agent_folder(const std::filesystem::path& folder, std::int64_t agent);
std::filesystem::path mail_folder(const std::filesystem::path& run_of_agent);

/// The agent whose run is in a folder that train_agents_apart() or 'train --agent I' made; nothing for other runs.
std::optional<std::int64_t> agent_of_run(const std::filesystem::path& run);
/// Notes in the folder of a run whose it is.
void note_agent(const std::filesystem::path& run, std::int64_t agent);

/// Starts 'train --agent I' for every agent as a process of its own, and waits for all. One that dies does not end the
/// others. Signals are handed on. Returns the exit code of the first that did not succeed.
int train_agents_apart(const Invocation& invocation, std::int64_t count, const std::filesystem::path& folder);

}  // namespace talweg::app
