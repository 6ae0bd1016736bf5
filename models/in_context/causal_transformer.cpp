#include "models/in_context/causal_transformer.h"

#include <fmt/format.h>

#include <cmath>

#include "core/libtorch.h"

namespace talweg::models {

void declare(config::Fields& f, CausalTransformerOptions& o) {
  f("width", o.width, "numbers per token inside the stack", config::at_least(1));
  f("layers", o.layers, "layers of attention and perceptron", config::at_least(1));
  f("heads", o.heads, "attention heads; they divide the width", config::at_least(1));
}

void validate(const CausalTransformerOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.width % o.heads != 0)
    diagnostics.error(where.at("heads"),
                      fmt::format("'heads' must divide 'width': {} heads do not share {} numbers", o.heads, o.width));
}

CausalTransformer::CausalTransformer(const CausalTransformerOptions& options, std::int64_t inputs, std::int64_t outputs,
                                     std::int64_t positions)
    : heads_(options.heads) {
  const std::int64_t width = options.width;
  input_ = register_module("input", torch::nn::Linear(inputs, width));
  positions_ = register_parameter("positions", 0.02 * at::randn({positions, width}));
  for (std::int64_t i = 0; i < options.layers; ++i) {
    const auto name = [&](const char* part) { return fmt::format("block{}_{}", i, part); };
    Block block;
    block.attention_norm =
        register_module(name("attention_norm"), torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})));
    block.mix = register_module(name("mix"), torch::nn::Linear(width, 3 * width));
    block.project = register_module(name("project"), torch::nn::Linear(width, width));
    block.perceptron_norm =
        register_module(name("perceptron_norm"), torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})));
    block.widen = register_module(name("widen"), torch::nn::Linear(width, 4 * width));
    block.narrow = register_module(name("narrow"), torch::nn::Linear(4 * width, width));
    blocks_.push_back(block);
  }
  norm_ = register_module("norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})));
  output_ = register_module("output", torch::nn::Linear(width, outputs));
  // As GPT-2: deviation 0.02, and smaller where a layer adds to the residual stream.
  torch::NoGradGuard no_grad;
  const double residual_std = 0.02 / std::sqrt(2.0 * static_cast<double>(options.layers));
  for (Block& block : blocks_) {
    for (torch::nn::Linear* layer : {&block.mix, &block.widen}) (*layer)->weight.normal_(0, 0.02);
    for (torch::nn::Linear* layer : {&block.project, &block.narrow}) (*layer)->weight.normal_(0, residual_std);
    for (torch::nn::Linear* layer : {&block.mix, &block.widen, &block.project, &block.narrow}) (*layer)->bias.zero_();
  }
}

at::Tensor CausalTransformer::attention(Block& block, const at::Tensor& x) const {
  const std::int64_t batch = x.size(0), length = x.size(1), width = x.size(2);
  const at::Tensor mixed =
      block.mix->forward(x).view({batch, length, 3, heads_, width / heads_}).permute({2, 0, 3, 1, 4});
  const at::Tensor seen = at::scaled_dot_product_attention(mixed[0], mixed[1], mixed[2], {}, 0.0, /*is_causal=*/true);
  return block.project->forward(seen.transpose(1, 2).reshape({batch, length, width}));
}

at::Tensor CausalTransformer::forward(const at::Tensor& tokens) {
  at::Tensor x = input_->forward(tokens) + positions_.narrow(0, 0, tokens.size(1));
  for (Block& block : blocks_) {
    x = x + attention(block, block.attention_norm->forward(x));
    x = x + block.narrow->forward(at::gelu(block.widen->forward(block.perceptron_norm->forward(x))));
  }
  return output_->forward(norm_->forward(x));
}

}  // namespace talweg::models
