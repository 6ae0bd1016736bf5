#pragma once

#include <memory>
#include <vector>

#include "core/distributed/process_group.h"
#include "core/replicas/rank_report.h"
#include "core/replicas/sharded_state.h"
#include "core/replicas/side_by_side.h"

namespace talweg {

/// One of the ranks that make a training together: each computes its part of every batch, and all come to the same
/// parameters.
class SharedTraining : public SideBySide {
 public:
  /// `group` has at least two ranks and must outlive this object.
  SharedTraining(distributed::ProcessGroup& group, const distributed::DistributedOptions& options)
      : group_(group), options_(options), report_(group) {}

  RandomStreams streams_of(const RandomStreams& run) const override { return run; }
  std::unique_ptr<data::Dataset> part_of(const data::Dataset&) const override { return nullptr; }
  data::BatchPart part() const override { return {group_.rank(), group_.size()}; }
  std::unique_ptr<BatchSharing> share_batches(const ParameterList& parameters) override;
  void in_turn(const std::function<void()>& make) override;
  void take_over(Optimizer& optimizer) override;
  Objective& around(Objective& own, const ParameterList&, std::int64_t) override { return own; }
  at::Tensor own_loss(const at::Tensor& reported) const override { return reported; }
  bool shows_iterates() const override { return false; }
  void after_step() override;
  OptimizerState whole(OptimizerState own) override;
  void require_equal(const ParameterList& parameters, const std::vector<at::Tensor>& buffers) override;
  void take_first(Metrics& values) override;
  Metrics report(std::int64_t steps, double seconds) override { return report_.take(steps, seconds); }
  nlohmann::json remarks() const override { return {{"distributed", report_.account()}}; }

 private:
  distributed::ProcessGroup& group_;
  distributed::DistributedOptions options_;
  RankReport report_;
  std::unique_ptr<ShardedState> sharded_;  // when ranks divide the optimizer's state
};

/// The place of a training among the ranks of `group`; null or of one: alone.
std::unique_ptr<SideBySide> place_among(distributed::ProcessGroup* group,
                                        const distributed::DistributedOptions& options);

}  // namespace talweg
