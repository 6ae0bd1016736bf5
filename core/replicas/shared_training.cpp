#include "core/replicas/shared_training.h"

#include <string>
#include <utility>

#include "core/libtorch.h"
#include "core/replicas/data_parallel.h"

namespace talweg {

std::unique_ptr<BatchSharing> SharedTraining::share_batches(const ParameterList& parameters) {
  return std::make_unique<DataParallel>(group_, parameters);
}

void SharedTraining::in_turn(const std::function<void()>& make) {
  if (!group_.is_first()) group_.barrier();
  make();
  if (group_.is_first()) group_.barrier();
}

void SharedTraining::take_over(Optimizer& optimizer) {
  if (options_.shard_optimizer) sharded_ = std::make_unique<ShardedState>(group_, optimizer);
}

void SharedTraining::after_step() {
  if (sharded_) sharded_->exchange_parameters();
}

OptimizerState SharedTraining::whole(OptimizerState own) {
  return sharded_ ? sharded_->gather(std::move(own)) : own;
}

void SharedTraining::require_equal(const ParameterList& parameters, const std::vector<at::Tensor>& buffers) {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const NamedParameter& parameter : parameters) tensors.emplace_back(parameter.name, parameter.tensor);
  group_.require_equal_tensors(tensors);
  // Statistics of a rank's own batches, such as those of batch normalisation: rank 0's are everybody's.
  torch::NoGradGuard no_grad;
  std::vector<at::Tensor> statistics;
  for (const at::Tensor& buffer : buffers)
    if (buffer.is_floating_point()) statistics.push_back(buffer);
  group_.broadcast(statistics, 0);
}

void SharedTraining::take_first(Metrics& values) {
  std::vector<double> numbers;
  for (const auto& item : values) numbers.push_back(item.second);
  group_.broadcast(at::from_blob(numbers.data(), {static_cast<std::int64_t>(numbers.size())}, at::kDouble));
  for (std::size_t i = 0; i < values.size(); ++i) values[i].second = numbers[i];
}

std::unique_ptr<SideBySide> place_among(distributed::ProcessGroup* group,
                                        const distributed::DistributedOptions& options) {
  if (!group || group->size() == 1) return std::make_unique<Alone>();
  return std::make_unique<SharedTraining>(*group, options);
}

}  // namespace talweg
