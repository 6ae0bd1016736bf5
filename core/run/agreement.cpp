#include "core/run/agreement.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/run/shared_checkpoint.h"

namespace talweg {
namespace {

/// Ranks that stop on a signal must stop after the same step: a signal to any of them is answered one step later on
/// all, since the exchange goes on beside the step, which it costs nothing. The first rank has the files.
class RankAgreement : public Agreement {
 public:
  explicit RankAgreement(distributed::ProcessGroup& group) : group_(group) {}

  int stop_for(int signal) override {
    const int answer = settle();
    pending_ = group_.start_maximum(signal);
    return answer;
  }
  int settle() override { return pending_ ? static_cast<int>(std::exchange(pending_, nullptr)()) : 0; }
  bool may_go_by_clock() const override { return false; }
  std::optional<checkpoint::Checkpoint> shared(std::optional<checkpoint::Checkpoint> newest) override {
    return broadcast(group_, std::move(newest));
  }
  std::int64_t largest(std::int64_t number) override {
    return static_cast<std::int64_t>(group_.maximum(static_cast<double>(number)));
  }
  io::FileChanges shared(io::FileChanges changes) override {
    return nlohmann::json::parse(group_.broadcast(nlohmann::json(changes).dump())).get<io::FileChanges>();
  }

 private:
  distributed::ProcessGroup& group_;
  std::function<double()> pending_;
};

}  // namespace

std::unique_ptr<Agreement> agreement_among(distributed::ProcessGroup* group) {
  if (!group || group->size() == 1) return std::make_unique<OwnDecision>();
  return std::make_unique<RankAgreement>(*group);
}

}  // namespace talweg
