#pragma once

#include <memory>
#include <vector>

#include "core/distributed/gradient_reducer.h"
#include "core/distributed/process_group.h"
#include "core/optimizer/optimizer.h"
#include "core/task_objective/batch_sharing.h"

namespace talweg {

/// The ranks of a run share every batch: rank r has its examples r, r + size, … . Every loss is weighted by its part's
/// share in the batch, and what the ranks have is summed. Equal batches then give equal steps to rounding, on any
/// number of ranks.
class DataParallel : public BatchSharing {
 public:
  /// The group must outlive this object.
  DataParallel(distributed::ProcessGroup& group, ParameterList parameters);
  ~DataParallel() override;

  void begin_step(std::int64_t own, std::int64_t examples, std::optional<double> weight) override;
  double share() const override { return share_; }
  std::int64_t examples() const override { return examples_; }
  std::int64_t largest_part() const override { return (examples_ + group_.size() - 1) / group_.size(); }
  bool all_have_examples() const override { return examples_ >= group_.size(); }
  std::int64_t place_of(std::int64_t i) const override { return i * group_.size() + group_.rank(); }
  double share_of(double own, std::optional<std::int64_t> whole) override;
  bool is_divided() const override { return true; }
  bool is_mine(std::int64_t i) const override { return i % group_.size() == group_.rank(); }
  /// A new tensor.
  at::Tensor sum(const at::Tensor& value) override;
  void sum(const std::vector<at::Tensor>& tensors) override { group_.sum(tensors); }
  std::vector<double> sum(std::vector<double> values);
  at::Tensor assemble(const at::Tensor& own) override;
  /// Gradients are summed while the last backward pass goes on.
  at::Tensor with_summed_gradients(const Evaluate& evaluate) override;
  void sum_gradients() override;
  void complete_gradients() override;
  std::unique_ptr<Ray> whole_ray(std::unique_ptr<Ray> part) override;

 private:
  distributed::ProcessGroup& group_;
  ParameterList parameters_;
  std::unique_ptr<distributed::GradientReducer> reducer_;  // made after the first step, which shows what is used
  double share_ = 1;
  std::int64_t examples_ = 0;
};

}  // namespace talweg
