// What the ranks of a run do together, beside their steps.
#include <utility>

#include "core/libtorch.h"
#include "core/train/trainer.h"

namespace talweg {

/// Rank 0 goes first: what a task prepares in files, such as tokenised text, the others find there.
void Trainer::make_task() {
  if (group_ && !group_->is_first()) group_->barrier();
  torch::manual_seed(streams_.seed_of("initialisation"));
  task_ = config_.task.create(TaskContext{device_, storage_type(config_.training.precision), streams_});
  if (group_ && group_->is_first()) group_->barrier();
}

void Trainer::require_equal_ranks() {
  if (!group_) return;
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const NamedParameter& parameter : optimizer_->named_parameters())
    tensors.emplace_back(parameter.name, parameter.tensor);
  group_->require_equal_tensors(tensors);
  // Statistics of a rank's own batches, such as those of batch normalisation: rank 0's are everybody's.
  torch::NoGradGuard no_grad;
  std::vector<at::Tensor> statistics;
  for (const at::Tensor& buffer : task_->module().buffers())
    if (buffer.is_floating_point()) statistics.push_back(buffer);
  group_->broadcast(statistics, 0);
}

void Trainer::take_first_ranks(Metrics& values) {
  if (!group_) return;
  std::vector<double> numbers;
  for (const auto& item : values) numbers.push_back(item.second);
  group_->broadcast(at::from_blob(numbers.data(), {static_cast<std::int64_t>(numbers.size())}, at::kDouble));
  for (std::size_t i = 0; i < values.size(); ++i) values[i].second = numbers[i];
}

void Trainer::add_rank_report(Metrics& values) {
  if (!rank_report_) return;
  const std::int64_t steps = step_ - std::exchange(last_rank_report_, step_);
  const double now = seconds();
  for (auto& value : rank_report_->take(steps, now - std::exchange(last_rank_report_seconds_, now)))
    values.push_back(std::move(value));
}

}  // namespace talweg
