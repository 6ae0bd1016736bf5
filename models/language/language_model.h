#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/config/component.h"
#include "models/language/key_value_cache.h"
#include "models/language/projection.h"

namespace talweg::models {

/// Sizes that the text asks of a model.
struct LanguageModelShape {
  std::int64_t vocabulary;  ///< number of token ids
  std::int64_t positions;   ///< the longest sequence it will be shown
};

/// A decoder: token ids go in, a hidden state per token comes out, and the head's matrix turns states into logits over
/// the next token. Head and loss belong together (token_cross_entropy), so that logits need not be held for all tokens.
class LanguageModel : public torch::nn::Module {
 public:
  /// The states behind the last norm: ids [batch, T] → [batch, T, width]. With a cache the ids continue the sequences
  /// in it, and it moves on by T. Throws c10::ValueError for more tokens than positions().
  at::Tensor hidden(const at::Tensor& ids, KeyValueCache* cache = nullptr);
  /// The head's matrix W [vocabulary, width]; the embedding's own when they are tied.
  virtual at::Tensor head() const = 0;
  /// W·hidden.
  at::Tensor logits(const at::Tensor& hidden) const;
  /// Answers from packed matrices from now on: inference on a CPU. `packed` gives the matrix of a parameter's name
  /// ("layers.0.attention.query.weight", "embedding.weight"), from its numbers as they are. Norms and the like stay.
  /// Throws c10::ValueError when the model has adapters.
  using Packing = std::function<std::shared_ptr<const PackedMatrix>(const std::string& name, const at::Tensor& weight)>;
  void pack(const Packing& packed);

  /// An empty cache for `batch` sequences of up to `capacity` tokens.
  virtual KeyValueCache make_cache(std::int64_t batch, std::int64_t capacity) const = 0;
  /// The longest sequence; 0: no limit but what it was trained on.
  virtual std::int64_t positions() const = 0;
  std::int64_t vocabulary() const { return packed_head_ ? packed_head_->rows() : head().size(0); }
  at::Device device() const { return parameters().front().device(); }

  /// The matrices that an adapter can be put on, with their names in named_modules().
  std::vector<std::pair<std::string, std::shared_ptr<Projection>>> projections() const;

  /// Keep only what enters each layer, and compute the rest again in the backward pass.
  void recompute_layers(bool recompute) { recompute_ = recompute; }

 protected:
  /// The input of the first layer: [batch, T, width], for tokens at positions first … first + T − 1.
  virtual at::Tensor embed(const at::Tensor& ids, std::int64_t first) = 0;
  virtual std::size_t layer_count() const = 0;
  virtual torch::nn::Module& layer_module(std::size_t index) = 0;
  virtual at::Tensor layer(std::size_t index, const at::Tensor& x, KeyValueCache* cache) = 0;
  virtual at::Tensor last_norm(const at::Tensor& x) = 0;
  /// Vectors of tokens: rows of the embedding's matrix.
  at::Tensor embedding_rows(const at::Tensor& embedding, const at::Tensor& ids) const;

 private:
  bool recompute_ = false;
  std::shared_ptr<const PackedMatrix> packed_embedding_, packed_head_;
};

/// Causal attention of the queries [batch, T, heads, size] on keys and values [batch, T, key/value heads, size], those
/// in the cache included: [batch, T, heads·size]. Dropout is that of the attention weights.
at::Tensor causal_attention(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values,
                            std::size_t layer, KeyValueCache* cache, double dropout);

/// The kind of component that `model:` chooses in language modeling. Parameters are drawn from LibTorch's generator.
struct LanguageModelKind {
  static constexpr const char* name = "language_model";
  using Signature = std::shared_ptr<LanguageModel>(const LanguageModelShape&);
};

}  // namespace talweg::models
