#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

namespace talweg {

/// float32 and float64: everything in that type. bfloat16: parameters and optimizer in float32, the model's matrix
/// products in bfloat16 (autocast), losses reduced in float32.
enum class Precision { float32, float64, bfloat16 };
inline std::vector<std::pair<std::string, Precision>> choices(Precision) {
  return {{"float32", Precision::float32}, {"float64", Precision::float64}, {"bfloat16", Precision::bfloat16}};
}

/// The type of parameters and inputs.
at::ScalarType storage_type(Precision precision);

/// Turns LibTorch's autocast on for a scope, when the precision asks for it.
class AutocastScope {
 public:
  AutocastScope(Precision precision, at::Device device);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  bool active_;
  bool was_enabled_ = false;
  at::DeviceType device_;
};

}  // namespace talweg
