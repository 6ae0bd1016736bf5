#include "core/gradient/batch_mixing.h"

#include <fmt/format.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/instancenorm.h>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::gradient {
namespace {

template <class... Kinds>
bool is_any(const torch::nn::Module& module) {
  return (dynamic_cast<const Kinds*>(&module) || ...);
}

template <class Kind>
bool tracks(const torch::nn::Module& module) {
  const auto* norm = dynamic_cast<const Kind*>(&module);
  return norm && norm->options.track_running_stats();
}

void check(const std::string& name, const torch::nn::Module& module) {
  using namespace torch::nn;
  if (is_any<BatchNorm1dImpl, BatchNorm2dImpl, BatchNorm3dImpl>(module))
    throw ConfigError(fmt::format(
        "the module '{}' ({}) mixes the examples of a batch, so no example has a gradient of its own to clip; normalise "
        "within an example instead: GroupNorm, LayerNorm or InstanceNorm (for the model 'resnet': 'norm: group')",
        name, module.name()));
  if (tracks<InstanceNorm1dImpl>(module) || tracks<InstanceNorm2dImpl>(module) || tracks<InstanceNorm3dImpl>(module))
    throw ConfigError(
        fmt::format("the module '{}' ({}) keeps running statistics of the data, which would be released without noise; "
                    "switch them off with track_running_stats(false)",
                    name, module.name()));
}

}  // namespace

void require_separate_examples(const torch::nn::Module& module) {
  check("", module);
  // Without itself: a module need not be held by a shared pointer.
  for (const auto& item : module.named_modules("", /*include_self=*/false)) check(item.key(), *item.value());
}

}  // namespace talweg::gradient
