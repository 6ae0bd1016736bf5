#pragma once

#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <vector>

#include "core/config/fields.h"

namespace talweg::models {

struct CausalTransformerOptions {
  std::int64_t width = 64;
  std::int64_t layers = 3;
  std::int64_t heads = 4;
};
void declare(config::Fields& f, CausalTransformerOptions& o);
/// The heads divide the width.
void validate(const CausalTransformerOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// A GPT-2-type stack on vectors: a linear map into the stack and out of it, learnt positions, layers of causal softmax
/// attention and a GELU perceptron behind layer norms. [B, T, inputs] → [B, T, outputs], T ≤ positions.
/// Source: Radford et al. 2019; on vectors: Garg et al. 2022.
class CausalTransformer : public torch::nn::Module {
 public:
  CausalTransformer(const CausalTransformerOptions& options, std::int64_t inputs, std::int64_t outputs,
                    std::int64_t positions);
  at::Tensor forward(const at::Tensor& tokens);

 private:
  struct Block {
    torch::nn::LayerNorm attention_norm{nullptr}, perceptron_norm{nullptr};
    torch::nn::Linear mix{nullptr}, project{nullptr}, widen{nullptr}, narrow{nullptr};
  };
  at::Tensor attention(Block& block, const at::Tensor& x) const;

  std::int64_t heads_;
  torch::nn::Linear input_{nullptr}, output_{nullptr};
  torch::nn::LayerNorm norm_{nullptr};
  at::Tensor positions_;  // [positions, width]
  std::vector<Block> blocks_;
};

}  // namespace talweg::models
