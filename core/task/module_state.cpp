#include "core/task/module_state.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/crc32c.h"
#include "core/libtorch.h"
#include "core/optimizer/optimizer.h"
#include "core/task/capabilities.h"

namespace talweg {

checkpoint::NamedTensors module_tensors(torch::nn::Module& module) {
  checkpoint::NamedTensors tensors;
  for (const auto& item : module.named_parameters()) tensors.emplace_back(item.key(), item.value());
  for (const auto& item : module.named_buffers()) tensors.emplace_back(item.key(), item.value());
  return tensors;
}

void load_module(torch::nn::Module& module, const checkpoint::NamedTensors& saved) {
  torch::NoGradGuard no_grad;
  const OptimizerState weights{saved, {}};
  for (auto& [name, tensor] : module_tensors(module)) tensor.copy_(weights.require(name, tensor));
}

namespace {

/// The task's resting weights, null where it has none.
const RestingWeights* resting_weights(const Task& task) {
  const auto* resting = dynamic_cast<const RestingWeights*>(&task);
  return resting && !resting->resting_source().empty() ? resting : nullptr;
}

}  // namespace

const std::string& RestingWeights::resting_checksum(torch::nn::Module& module) const {
  if (!checksum_.empty()) return checksum_;
  std::uint32_t sum = 0;
  for (const auto& [name, tensor] : module_tensors(module)) {
    if (!rests(name)) continue;
    const at::Tensor plain = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    sum = io::crc32c(name, sum);
    sum = io::crc32c({static_cast<const char*>(plain.const_data_ptr()), plain.nbytes()}, sum);
  }
  return checksum_ = fmt::format("{:08x}", sum);
}

void save_weights(Task& task, checkpoint::Checkpoint& state) {
  state.tensors["model"] = module_tensors(task.module());
  const RestingWeights* resting = resting_weights(task);
  if (!resting) return;
  std::erase_if(state.tensors["model"], [&](const auto& named) { return resting->rests(named.first); });
  state.values["rests_on"] = {{"source", resting->resting_source()},
                              {"crc32c", resting->resting_checksum(task.module())}};
}

void load_weights(Task& task, const checkpoint::Checkpoint& state) {
  const checkpoint::NamedTensors& saved = state.tensors.at("model");
  const auto base = state.values.find("rests_on");
  if (base == state.values.end()) return load_module(task.module(), saved);
  const RestingWeights* resting = resting_weights(task);
  if (!resting) throw DataError("the checkpoint holds a part of the weights, and the task has no base for the others");
  const auto source = base->second.at("source").get<std::string>(), sum = base->second.at("crc32c").get<std::string>();
  if (const std::string found = resting->resting_checksum(task.module()); found != sum)
    throw DataError(
        fmt::format("the checkpoint holds adapters for the weights that '{}' had (checksum {}); those in '{}' "
                    "are others (checksum {}): put the original file back, or name it in the configuration",
                    source, sum, resting->resting_source(), found));
  torch::NoGradGuard no_grad;
  const OptimizerState weights{saved, {}};
  for (auto& [name, tensor] : module_tensors(task.module()))
    if (!resting->rests(name)) tensor.copy_(weights.require(name, tensor));
}

}  // namespace talweg
