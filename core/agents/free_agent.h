#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/agents/agent_place.h"
#include "core/agents/link_history.h"
#include "core/agents/mail_box.h"
#include "core/agents/snapshot.h"
#include "core/train/training.h"

namespace talweg::agents {

/// One agent of a configuration as a process of its own. After every so many steps it leaves a snapshot of its
/// parameters where the others find it, and takes in what its neighbours have left since; it waits for nobody, so that
/// others may be killed, late or not there yet, and come back. What it hears depends on when it looks: a run does not
/// repeat itself. `agents.links` is for agents in one process, and has no part in it.
///
/// Metrics are those of a training, and "agents/copy_age": the mean number of its own rounds since it last heard from
/// its neighbours; "agents/rejected": snapshots that were not accepted.
class FreeAgent : public Computation {
 public:
  /// `configuration`: the checksum that all agents of the run share. Throws ConfigError, for an agent that is not there
  /// too, and DataError.
  FreeAgent(const AgentsConfig& config, std::int64_t agent, std::uint32_t configuration,
            std::unique_ptr<MailBox> mail_box, at::Device device);

  Work work() const override { return training_->work(); }
  io::FileFingerprints files() const override { return training_->files(); }
  Cadence cadence() const override { return training_->cadence(); }
  void keep_in(const std::filesystem::path& folder) override;
  std::string announcement() const override;
  void require_sound(std::int64_t step) override { training_->require_sound(step); }
  void step(std::int64_t index) override;
  Metrics record() override;
  Metrics evaluate() override;
  Metrics measure() override { return training_->measure(); }
  double epoch(std::int64_t step) const override { return training_->epoch(step); }
  double last_loss() const override { return training_->last_loss(); }
  void save(checkpoint::Checkpoint& state) const override;
  void load(const checkpoint::Checkpoint& state) override;
  void keep_result(checkpoint::Checkpoint& state) const override;
  void count_lost_steps(const LostSteps& lost) override { training_->count_lost_steps(lost); }
  nlohmann::json counts() const override { return training_->counts(); }
  nlohmann::json account() const override { return training_->account(); }
  /// With the snapshots that were heard and those that were rejected, each reason with how often.
  nlohmann::json remarks() const override;
  std::vector<plot::Figure> figures(const std::vector<metrics::Record>& records) override;
  std::vector<TextSample> samples() override { return training_->samples(); }

  Training& training() { return *training_; }

 private:
  void exchange(std::int64_t round);
  /// The neighbours' snapshots that are new, and accepted.
  std::vector<Message> look(std::int64_t round, const Graph& graph, LinkRecord& record);
  void reject(std::int64_t sender, const std::string& reason);

  AgentsOptions options_;
  std::int64_t agent_;
  SnapshotFormat format_;
  GraphSchedule graphs_;
  std::unique_ptr<MailBox> mail_box_;
  AgentPlace* place_;  // the training's
  std::unique_ptr<Training> training_;
  std::vector<at::Tensor> parameters_;
  std::int64_t next_round_ = 0;
  std::map<std::int64_t, std::int64_t> last_heard_;  // own round, by neighbour
  std::int64_t heard_ = 0;
  std::map<std::string, std::int64_t> rejected_;  // by reason
  std::optional<std::chrono::steady_clock::time_point> last_exchange_;
  std::filesystem::path history_file_;
  std::optional<LinkHistory> history_;
};

}  // namespace talweg::agents
