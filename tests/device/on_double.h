#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/train/run_config.h"
#include "small_optimizer.h"
#include "small_task.h"

namespace talweg::device_double {

/// A small training on a device, with further settings of `training:`.
inline RunConfig small_training(const std::string& device, const std::string& task, const std::string& optimizer,
                                const std::string& training) {
  const std::string text = fmt::format(
      "name: double\nseed: 3\ndevice: '{}'\ntask: {}\noptimizer: {}\nweight_average: {{decay: 0.9}}\n"
      "training: {{batch_size: 16, log_every: 1, stop_when_converged: false, {}}}\ncheckpoint: {{every: 1}}\n",
      device, testing::small_task(task), testing::small_optimizer(optimizer), training);
  return config::parse<RunConfig>(config::parse_yaml(text, "double"));
}

/// The largest difference between tensors, each beside the largest number of its own; both on any device.
inline double relative_distance(const std::vector<at::Tensor>& found, const std::vector<at::Tensor>& expected) {
  const auto on_host = [](const at::Tensor& tensor) { return tensor.detach().to(at::kCPU).to(at::kDouble); };
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const at::Tensor a = on_host(found.at(i)), b = on_host(expected[i]);
    worst = std::max(worst, (a - b).abs().max().item<double>() / (1e-30 + b.abs().max().item<double>()));
  }
  return worst;
}

}  // namespace talweg::device_double
