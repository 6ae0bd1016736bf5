#include "models/deep_linear/deep_linear.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/libtorch.h"

namespace talweg::models {
namespace {

at::Tensor orthonormal(std::int64_t rows, std::int64_t columns) {
  const at::Tensor tall = at::randn({std::max(rows, columns), std::min(rows, columns)}, at::kDouble);
  const auto [q, r] = at::linalg_qr(tall);
  const at::Tensor factor = q * r.diagonal().sign();  // makes the distribution uniform
  return (rows >= columns ? factor : factor.t()).contiguous();
}

/// `layer` counts from 1.
at::Tensor initial_layer(const DeepLinearOptions& options, std::int64_t layer, std::int64_t rows,
                         std::int64_t columns) {
  const double scale = options.scales.empty() ? options.scale : options.scales[static_cast<std::size_t>(layer - 1)];
  if (options.initialization == DeepLinearInitialization::gaussian)
    return scale * at::randn({rows, columns}, at::kDouble);
  if (options.initialization == DeepLinearInitialization::unbalanced && layer == options.depth)
    return at::zeros({rows, columns}, at::kDouble);
  return scale *
         (options.factor == LayerFactor::identity ? at::eye(rows, columns, at::kDouble) : orthonormal(rows, columns));
}

}  // namespace

void declare(config::Fields& f, DeepLinearOptions& o) {
  f("depth", o.depth, "number of layers L", config::at_least(1), config::at_most(1000));
  f("width", o.width, "width of the hidden layers (default: the larger of input and output)", config::at_least(1));
  f("initialization", o.initialization,
    "balanced: every layer scale·factor; unbalanced: the same with the leftmost layer zero; gaussian: entries of this "
    "deviation");
  f("factor", o.factor, "of a balanced or unbalanced layer: the identity, or a random orthogonal matrix");
  f("scale", o.scale, "initialisation scale alpha", config::above(0));
  f("scales", o.scales, "a scale for every layer from the input on, in the place of 'scale'", config::at_least(0));
}

void validate(const DeepLinearOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (!o.scales.empty() && static_cast<std::int64_t>(o.scales.size()) != o.depth)
    diagnostics.error(where.at("scales"),
                      fmt::format("'scales' has {} numbers for {} layers", o.scales.size(), o.depth));
}

DeepLinear::DeepLinear(const DeepLinearOptions& options, const TensorModelShape& shape)
    : layer_count_(static_cast<std::size_t>(options.depth)) {
  const std::int64_t hidden = options.width.value_or(std::max(shape.features(), shape.outputs));
  std::int64_t in = shape.features();
  for (std::int64_t layer = 1; layer <= options.depth; ++layer) {
    const std::int64_t out = layer == options.depth ? shape.outputs : hidden;
    register_parameter("layer" + std::to_string(layer), initial_layer(options, layer, out, in));
    in = out;
  }
}

at::Tensor DeepLinear::forward(const at::Tensor& input) {
  at::Tensor x = input.flatten(1);
  for (const at::Tensor& layer : parameters()) x = x.mm(layer.t());
  return x;
}

at::Tensor DeepLinear::end_to_end() const {
  const std::vector<at::Tensor> factors = parameters();
  at::Tensor product = factors.front();
  for (std::size_t l = 1; l < factors.size(); ++l) product = factors[l].mm(product);
  return product;
}

}  // namespace talweg::models
