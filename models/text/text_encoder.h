#pragma once

#include <torch/nn/module.h>

#include <vector>

namespace talweg::models {

/// Texts of a batch as token ids, the shorter ones padded on the right.
struct TextInput {
  at::Tensor ids;       ///< [batch, length] int64
  at::Tensor mask;      ///< [batch, length] bool, false on padding
  at::Tensor segments;  ///< [batch, length] int64: which text of a pair a token belongs to, 0 or 1
};

/// Token ids go in, a vector per token comes out: what heads for classification and regression stand on.
class TextEncoder : public torch::nn::Module {
 public:
  /// [batch, length, width]. What is on padding has no influence on the other places.
  virtual at::Tensor hidden(const TextInput& input) = 0;
  virtual std::int64_t width() const = 0;
  /// The longest sequence in tokens.
  virtual std::int64_t positions() const = 0;
  virtual std::int64_t vocabulary() const = 0;
  /// The parameters from the input upwards: those of the embeddings first, then of a layer each (the last with what
  /// stands behind it). What freezing counts by. They do not overlap, and leave out those of `beside_hidden`.
  virtual std::vector<std::vector<at::Tensor>> stages() = 0;
  /// Whether the model has a trained summary of a text besides the vectors of its tokens (BERT's pooler).
  virtual bool has_summary() const { return false; }
  /// [batch, width], from what hidden() returned. Throws c10::NotImplementedError when there is none.
  virtual at::Tensor summary(const at::Tensor& hidden);
  /// Parameters that hidden() does not use: of the summary, of heads for other tasks.
  virtual std::vector<at::Tensor> beside_hidden() { return {}; }
};

}  // namespace talweg::models
