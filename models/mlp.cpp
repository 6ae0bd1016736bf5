#include "models/mlp.h"

#include "core/libtorch.h"

namespace talweg::models {

void declare(config::Fields& f, MlpOptions& o) {
  f("hidden", o.hidden, "width of each hidden layer", config::at_least(1));
  f("activation", o.activation, "between the layers");
  f("dropout", o.dropout, "probability of dropping a hidden unit in training", config::at_least(0), config::below(1));
}

Mlp::Mlp(const MlpOptions& options, const TensorModelShape& shape) : options_(options) {
  std::int64_t width = shape.features();
  const auto add = [&](std::int64_t next) {
    layers_.push_back(register_module("layer" + std::to_string(layers_.size()), torch::nn::Linear(width, next)));
    width = next;
  };
  for (const std::int64_t next : options_.hidden) add(next);
  add(shape.outputs);
}

at::Tensor Mlp::forward(const at::Tensor& input) {
  at::Tensor x = input.flatten(1);
  for (std::size_t i = 0; i + 1 < layers_.size(); ++i) {
    x = activate(options_.activation, layers_[i]->forward(x));
    if (options_.dropout > 0) x = torch::dropout(x, options_.dropout, is_training());
  }
  return layers_.back()->forward(x);
}

}  // namespace talweg::models
