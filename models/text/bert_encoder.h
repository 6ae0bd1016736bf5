#pragma once

#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <string>
#include <utility>

#include "core/config/fields.h"
#include "models/text/text_encoder.h"

namespace talweg::models {

/// The activation between the two matrices of a feed-forward part.
enum class BertActivation { gelu, gelu_tanh, relu, silu };
inline std::vector<std::pair<std::string, BertActivation>> choices(BertActivation) {
  return {{"gelu", BertActivation::gelu},
          {"gelu_tanh", BertActivation::gelu_tanh},
          {"relu", BertActivation::relu},
          {"silu", BertActivation::silu}};
}

struct BertShape {
  std::int64_t vocabulary = 30522;
  std::int64_t positions = 512;
  std::int64_t segments = 2;
  std::int64_t width = 384;
  std::int64_t layers = 6;
  std::int64_t heads = 12;
  std::int64_t feed_forward = 1536;
  double norm_epsilon = 1e-12;
  double dropout = 0.1;            ///< of embeddings and of what each part adds
  double attention_dropout = 0.1;  ///< of attention weights
  double initial_deviation = 0.02;
  BertActivation activation = BertActivation::gelu;
};

/// The encoder of BERT: learnt embeddings of tokens, positions and segments; layers of attention over all tokens and a
/// feed-forward part, each added to its input and normalised afterwards; and the pooler, tanh(W·h + b) of the first
/// token, as summary. Parameters: embeddings.{words,positions,segments}.weight, embeddings.norm.{weight,bias},
/// layers.i.attention.{query,key,value,output}.{weight,bias}, layers.i.attention_norm, layers.i.feed_forward.{up,down},
/// layers.i.feed_forward_norm, pooler. Source: Devlin et al. 2019.
class BertEncoder : public TextEncoder {
 public:
  /// Weights are drawn from LibTorch's generator. Throws ConfigError when the width cannot be divided among the heads.
  explicit BertEncoder(const BertShape& shape);

  at::Tensor hidden(const TextInput& input) override;
  std::int64_t width() const override { return shape_.width; }
  std::int64_t positions() const override { return shape_.positions; }
  std::int64_t vocabulary() const override { return shape_.vocabulary; }
  std::vector<std::vector<at::Tensor>> stages() override;
  bool has_summary() const override { return true; }
  at::Tensor summary(const at::Tensor& hidden) override;
  std::vector<at::Tensor> beside_hidden() override { return pooler_->parameters(); }
  const BertShape& shape() const { return shape_; }

 private:
  struct Embeddings;
  struct Layer;

  BertShape shape_;
  std::shared_ptr<Embeddings> embeddings_;
  std::vector<std::shared_ptr<Layer>> layers_;
  torch::nn::Linear pooler_{nullptr};
};

}  // namespace talweg::models
