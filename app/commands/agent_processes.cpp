#include "app/commands/agent_processes.h"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/io/output_file.h"
#include "core/run/signal_watch.h"

extern char** environ;

namespace talweg::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNote = "agent.json";

pid_t start(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A group of its own: what a terminal sends to this process is handed on, once.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  pid_t child = 0;
  const int error = posix_spawn(&child, "/proc/self/exe", nullptr, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) throw SystemError(fmt::format("cannot start a process of its own for an agent: {}", strerror(error)));
  return child;
}

}  // namespace

std::optional<AgentChoice> agent_choice(const Invocation& invocation) {
  for (const auto& [name, value] : invocation.values) {
    if (name != "agent") continue;
    if (value == "all") return AgentChoice{true, 0};
    AgentChoice choice;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), choice.agent);
    if (error != std::errc() || end != value.data() + value.size() || choice.agent < 0)
      throw UsageError(fmt::format("--agent {}: give the number of an agent, from 0 on, or 'all'", value));
    return choice;
  }
  return std::nullopt;
}

fs::path agent_folder(const fs::path& folder, std::int64_t agent) {
  return folder / fmt::format("agent_{}", agent);
}

fs::path mail_folder(const fs::path& run_of_agent) {
  return fs::absolute(run_of_agent).lexically_normal().parent_path() / "mail";
}

std::optional<std::int64_t> agent_of_run(const fs::path& run) {
  std::error_code error;
  if (!fs::exists(run / kNote, error)) return std::nullopt;
  try {
    return nlohmann::json::parse(io::read_whole_file(run / kNote)).at("agent").get<std::int64_t>();
  } catch (const nlohmann::json::exception&) {
    throw DataError(fmt::format("'{}' is damaged; it holds {{\"agent\": I}}", (run / kNote).string()));
  }
}

void note_agent(const fs::path& run, std::int64_t agent) {
  io::write_file_atomically(run / kNote, nlohmann::json{{"agent", agent}}.dump() + "\n");
}

int train_agents_apart(const Invocation& invocation, std::int64_t count, const fs::path& folder) {
  const SignalWatch signals;
  std::vector<pid_t> children;
  for (std::int64_t agent = 0; agent < count; ++agent) {
    std::vector<std::string> words{
        "talweg",        "train",  invocation.arguments.front(), "--agent", fmt::format("{}", agent), "--output",
        folder.string(), "--quiet"};
    for (const std::string& assignment : invocation.assignments) {
      words.push_back("--set");
      words.push_back(assignment);
    }
    if (invocation.continues) words.push_back("--continue");
    if (invocation.from_start) words.push_back("--from-start");
    if (invocation.accepts_changed_data) words.push_back("--accept-changed-data");
    children.push_back(start(words));
  }
  std::vector<int> codes(children.size(), -1);
  int handed_on = 0;
  while (std::count(codes.begin(), codes.end(), -1) > 0) {
    const int signal = signals.received();
    for (std::size_t i = 0; i < children.size(); ++i) {
      if (codes[i] != -1) continue;
      if (signal != 0 && handed_on == 0) ::kill(children[i], signal);
      int status = 0;
      if (::waitpid(children[i], &status, WNOHANG) != children[i]) continue;
      codes[i] = WIFEXITED(status) ? WEXITSTATUS(status) : static_cast<int>(ExitCode::system_failure);
      if (WIFSIGNALED(status))
        fmt::print(stderr,
                   "talweg: agent {} was killed by signal {}; the others go on, and so does it with --continue\n", i,
                   WTERMSIG(status));
      else if (!invocation.quiet)
        fmt::print("agent {}: {}, {}\n", i, codes[i] == 0 ? "completed" : fmt::format("exit code {}", codes[i]),
                   agent_folder(folder, static_cast<std::int64_t>(i)).string());
    }
    handed_on = signal;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const auto failed = std::find_if(codes.begin(), codes.end(), [](int code) { return code != 0; });
  return failed == codes.end() ? 0 : *failed;
}

}  // namespace talweg::app
