#include "core/curvature/sharpness.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg {
namespace {

Direction split(const at::Tensor& vector, const std::vector<at::Tensor>& parameters) {
  Direction parts;
  std::int64_t begin = 0;
  for (const at::Tensor& parameter : parameters) {
    parts.push_back(vector.narrow(0, begin, parameter.numel()).view(parameter.sizes()));
    begin += parameter.numel();
  }
  return parts;
}

at::Tensor join(const Direction& parts) {
  std::vector<at::Tensor> flat;
  for (const at::Tensor& part : parts) flat.push_back(part.reshape(-1));
  return at::cat(flat);
}

/// While it lives, attention is composed of operators that have second derivatives; the fused kernels have none.
class WithoutFusedAttention {
 public:
  WithoutFusedAttention() {
    at::globalContext().setSDPUseFlash(false);
    at::globalContext().setSDPUseMemEfficient(false);
  }
  ~WithoutFusedAttention() {
    at::globalContext().setSDPUseFlash(flash_);
    at::globalContext().setSDPUseMemEfficient(efficient_);
  }
  WithoutFusedAttention(const WithoutFusedAttention&) = delete;
  WithoutFusedAttention& operator=(const WithoutFusedAttention&) = delete;

 private:
  bool flash_ = at::globalContext().userEnabledFlashSDP();
  bool efficient_ = at::globalContext().userEnabledMemEfficientSDP();
};

}  // namespace

LargestEigenvalues hessian_eigenvalues(Objective& objective, const LanczosOptions& options, RandomGenerator random) {
  const std::vector<at::Tensor>& parameters = objective.parameters();
  std::int64_t n = 0;
  for (const at::Tensor& parameter : parameters) n += parameter.numel();
  const WithoutFusedAttention plain;
  try {
    const std::unique_ptr<HessianOperator> hessian = objective.hessian();
    return largest_eigenvalues([&](const at::Tensor& v) { return join(hessian->times(split(v, parameters))); },
                               parameters.front().detach().options(), n, options, random);
  } catch (const c10::NotImplementedError& error) {
    throw ConfigError(
        fmt::format("the sharpness cannot be measured: an operation of the model has no second derivative ({})",
                    error.what_without_backtrace()));
  }
}

}  // namespace talweg
