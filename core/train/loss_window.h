#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

namespace talweg {

/// Mean of the training loss since the last record, kept where the loss is: on a GPU nothing is read back until mean()
/// is asked for. On the way it notes the first step whose loss was not finite.
class LossWindow {
 public:
  void add(const at::Tensor& loss, std::int64_t step);

  struct Reading {
    double mean = 0;
    std::int64_t count = 0;
    std::optional<std::int64_t> first_non_finite_step;  ///< since the run started
  };
  /// Reads the window and starts a new one. Waits for the device.
  Reading take();

  /// For checkpoints; waits for the device.
  nlohmann::json state() const;
  void load(const nlohmann::json& state);

 private:
  double host_sum_ = 0;
  at::Tensor device_sum_;
  at::Tensor first_bad_;  // step, or −1, on the device
  std::int64_t host_first_bad_ = -1;
  std::int64_t count_ = 0;
};

}  // namespace talweg
