// What the ranks of a run do together, beside their steps.
#include <utility>

#include "core/libtorch.h"
#include "core/train/training.h"

namespace talweg {

/// Rank 0 goes first: what a task prepares in files, such as tokenised text, the others find there.
void Training::make_task() {
  if (group_ && !group_->is_first()) group_->barrier();
  torch::manual_seed(streams_.seed_of("initialisation"));
  task_ = config_.task.create(TaskContext{device_, storage_type(config_.training.precision), streams_});
  if (group_ && group_->is_first()) group_->barrier();
}

void Training::require_equal_ranks() {
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

void Training::take_first_ranks(Metrics& values) {
  if (!group_) return;
  std::vector<double> numbers;
  for (const auto& item : values) numbers.push_back(item.second);
  group_->broadcast(at::from_blob(numbers.data(), {static_cast<std::int64_t>(numbers.size())}, at::kDouble));
  for (std::size_t i = 0; i < values.size(); ++i) values[i].second = numbers[i];
}

void Training::add_rank_report(Metrics& values) {
  if (!rank_report_) return;
  const std::int64_t steps = step_ - std::exchange(last_rank_report_, step_);
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::duration<double> seconds = now - std::exchange(last_rank_report_time_, now);
  for (auto& value : rank_report_->take(steps, seconds.count())) values.push_back(std::move(value));
}

nlohmann::json Training::remarks() const {
  if (!rank_report_) return nlohmann::json::object();
  return {{"distributed", rank_report_->account()}};
}

}  // namespace talweg
