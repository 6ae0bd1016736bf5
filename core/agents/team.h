#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/agents/agent_place.h"
#include "core/agents/agents_config.h"
#include "core/agents/link_history.h"
#include "core/agents/links.h"
#include "core/train/training.h"

namespace talweg::agents {

/// Agents that train side by side in one process: a step is one of every agent, on its own data, and after every so
/// many steps a round in which all send their parameters to their neighbours and then hear what arrives.
///
/// Metrics: those of an agent as "agent_0/train/loss"; under their own names ("train/loss", "eval/accuracy") the means
/// over the agents; "mean_model/…" of the model whose parameters are the mean of the agents', which is also what a
/// checkpoint holds as "model"; "agents/disagreement", the root mean square distance of the agents' parameters from
/// their mean, relative to its length; "agents/lost_share" of the messages; "agents/copy_age", the mean number of
/// rounds since the copies that agents hold were sent. The links of every round are written to `links.jsonl` of the
/// run.
class Team : public Computation {
 public:
  /// Builds everything; no step is made. Throws ConfigError and DataError.
  Team(const AgentsConfig& config, at::Device device);

  Work work() const override;
  /// Those of one agent: all are built from the same.
  io::FileFingerprints files() const override { return agents_.front()->files(); }
  Cadence cadence() const override;
  void keep_in(const std::filesystem::path& folder) override;
  std::string announcement() const override;
  void require_sound(std::int64_t step) override;
  void step(std::int64_t index) override;
  Metrics record() override;
  Metrics evaluate() override;
  /// Of every agent; means as above.
  Metrics measure() override;
  double epoch(std::int64_t step) const override;
  /// The mean over the agents.
  double last_loss() const override;
  void save(checkpoint::Checkpoint& state) const override;
  void load(const checkpoint::Checkpoint& state) override;
  void keep_result(checkpoint::Checkpoint& state) const override;
  void count_lost_steps(const LostSteps& lost) override;
  nlohmann::json counts() const override;
  /// The statements of each agent, in sections named "agent_0/privacy".
  nlohmann::json account() const override;
  nlohmann::json remarks() const override;
  /// Every agent's curves beside their mean, the distance between them, and the pictures of agent 0.
  std::vector<plot::Figure> figures(const std::vector<metrics::Record>& records) override;
  /// Of agent 0.
  std::vector<TextSample> samples() override { return agents_.front()->samples(); }

  Training& agent(std::int64_t i) { return *agents_[static_cast<std::size_t>(i)]; }

 private:
  void exchange(std::int64_t round);
  Metrics disagreement() const;

  AgentsOptions options_;
  std::vector<std::unique_ptr<Training>> agents_;
  std::vector<AgentPlace*> places_;                  // of each agent, which owns it
  std::vector<std::vector<at::Tensor>> parameters_;  // of each agent
  std::vector<std::int64_t> steps_;  // of each agent: parts of the data may differ by an example, and so by steps
  Links links_;
  std::int64_t next_round_ = 0;
  std::filesystem::path history_file_;  // empty where nothing is kept
  std::optional<LinkHistory> history_;
};

}  // namespace talweg::agents
