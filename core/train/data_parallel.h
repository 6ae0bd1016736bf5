#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/distributed/gradient_reducer.h"
#include "core/distributed/process_group.h"
#include "core/objective/ray.h"
#include "core/optimizer/optimizer.h"

namespace talweg {

/// How the parts of a batch that the ranks of a run hold come together: every loss of this rank is weighted by its
/// part's share in the batch, and what the ranks have is summed. Equal batches then give equal steps to rounding, on
/// any number of ranks.
class DataParallel {
 public:
  /// The group must outlive this object.
  DataParallel(distributed::ProcessGroup& group, ParameterList parameters);
  ~DataParallel();

  distributed::ProcessGroup& group() { return group_; }

  /// Before the evaluations of a step, on every rank: `own` of the `examples` of the batch are this rank's. `weight`:
  /// what they count for in the mean over the batch, where that is not their number.
  void begin_step(std::int64_t own, std::int64_t examples, std::optional<double> weight);
  /// The share of `own` in `whole`, or, where that is not known, in the sum over the ranks. 0 of nothing.
  double share_of(double own, std::optional<std::int64_t> whole);
  /// What this rank's mean loss is multiplied by.
  double share() const { return share_; }
  std::int64_t examples() const { return examples_; }
  /// Of the rank that has most.
  std::int64_t largest_part() const { return (examples_ + group_.size() - 1) / group_.size(); }
  bool every_rank_has_examples() const { return examples_ >= group_.size(); }

  /// Σ over ranks of a scalar that has been weighted; a new tensor.
  at::Tensor sum(const at::Tensor& value);
  void sum(const std::vector<at::Tensor>& tensors) { group_.sum(tensors); }
  std::vector<double> sum(std::vector<double> values);
  /// The entries of all ranks in the order of the batch's examples: [own] → [examples].
  at::Tensor assemble(const at::Tensor& own);

  /// Makes and sums the gradients of a step: `evaluate` runs the passes and calls `last` with the loss of the last
  /// backward pass before it; gradients are summed while that goes on. Answers what `evaluate` answers.
  at::Tensor with_overlap(
      const std::function<at::Tensor(const std::function<void(const at::Tensor&)>& last)>& evaluate);
  /// Gives every parameter a gradient, zero where it has none, and sums them. For gradients made without autograd.
  void sum_gradients();
  /// The first half of sum_gradients().
  void complete_gradients();

 private:
  distributed::ProcessGroup& group_;
  ParameterList parameters_;
  std::unique_ptr<distributed::GradientReducer> reducer_;  // made after the first step, which shows what is used
  double share_ = 1;
  std::int64_t examples_ = 0;
};

/// The ray of the whole batch, from that of this rank's part of it.
std::unique_ptr<Ray> make_summed_ray(std::unique_ptr<Ray> part, DataParallel& ranks);

}  // namespace talweg
