#include "core/gradient/clipping.h"

#include <map>

#include "core/libtorch.h"

namespace talweg::gradient {
namespace {

/// Keeps a rounded-up quotient from making s·‖g‖ larger than C.
constexpr double kRoundingSlack = 1 - 1e-6;

at::Tensor projection(const at::Tensor& squared_norms, double radius) {
  return (squared_norms.rsqrt() * (radius * kRoundingSlack)).clamp_max_(1.0);  // 1/√0 = ∞ becomes 1
}

}  // namespace

at::Tensor FlatClipping::factors(const at::Tensor& squared_norms) const {
  return projection(squared_norms.sum(0, true), max_norm_);
}

PerLayerClipping::PerLayerClipping(double max_norm, const ParameterList& parameters) : max_norm_(max_norm) {
  std::map<std::string, std::int64_t> known;
  for (const NamedParameter& parameter : parameters) {
    const std::size_t dot = parameter.name.rfind('.');
    // Without a dot the name is a parameter of the module itself: a layer of its own.
    const std::string layer = dot == std::string::npos ? parameter.name : parameter.name.substr(0, dot + 1);
    layer_of_.push_back(known.try_emplace(layer, static_cast<std::int64_t>(known.size())).first->second);
  }
  layers_ = known.size();
}

at::Tensor PerLayerClipping::factors(const at::Tensor& squared_norms) const {
  const at::Tensor layer = at::tensor(at::ArrayRef<std::int64_t>(layer_of_), at::kLong).to(squared_norms.device());
  const at::Tensor sums =
      at::zeros({static_cast<std::int64_t>(layers_), squared_norms.size(1)}, squared_norms.options())
          .index_add_(0, layer, squared_norms);
  return projection(sums, max_norm_ / std::sqrt(static_cast<double>(layers_))).index_select(0, layer);
}

at::Tensor NormalizedClipping::factors(const at::Tensor& squared_norms) const {
  return max_norm_ * kRoundingSlack / (squared_norms.sum(0, true).sqrt_() + stability_);
}

}  // namespace talweg::gradient
