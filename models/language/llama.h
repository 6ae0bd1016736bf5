#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "models/language/language_model.h"
#include "models/language/rotary_scaling.h"

namespace talweg::models {

/// Everything that fixes a Llama model but its weights.
struct LlamaShape {
  std::int64_t width = 128;  ///< d, numbers per token
  std::int64_t layers = 4;
  std::int64_t heads = 4;            ///< of queries
  std::int64_t key_value_heads = 4;  ///< divides `heads`; each serves heads/key_value_heads queries
  std::int64_t head_size = 0;        ///< numbers per head; 0: width/heads
  std::int64_t feed_forward = 352;   ///< width of the perceptron
  std::int64_t vocabulary = 32000;
  std::int64_t positions = 1024;  ///< the longest sequence
  double rotary_base = 10000;     ///< θ of the rotary positions
  RotaryScaling rotary_scaling;   ///< how they differ from powers of θ
  double attention_dropout = 0;   ///< probability of a zero in attention weights, in training
  double norm_epsilon = 1e-6;
  bool tied = false;  ///< the head's matrix is the embedding's
  bool attention_bias = false;
  double initial_deviation = 0.02;
  std::int64_t size_of_head() const { return head_size > 0 ? head_size : width / heads; }
};

/// The published configurations: 9M to 7B are those of the GaLore experiments, smollm2_135m of SmolLM2.
enum class LlamaSize { m9, m15, m20, m35, m60, m130, m350, b1, b7, smollm2_135m };
inline std::vector<std::pair<std::string, LlamaSize>> choices(LlamaSize) {
  return {{"9M", LlamaSize::m9},     {"15M", LlamaSize::m15},
          {"20M", LlamaSize::m20},   {"35M", LlamaSize::m35},
          {"60M", LlamaSize::m60},   {"130M", LlamaSize::m130},
          {"350M", LlamaSize::m350}, {"1B", LlamaSize::b1},
          {"7B", LlamaSize::b7},     {"smollm2-135m", LlamaSize::smollm2_135m}};
}
LlamaShape shape_of(LlamaSize size);

struct LlamaOptions {
  LlamaSize size = LlamaSize::m9;
  std::optional<std::int64_t> width, layers, heads, key_value_heads, feed_forward;
  std::optional<double> rotary_base, norm_epsilon;
  std::optional<bool> tied;
  double initial_deviation = 0.02;
};
void declare(config::Fields& f, LlamaOptions& o);
void validate(const LlamaOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// A decoder of the Llama family: RMS norm before each part, rotary positions, attention whose key/value heads may
/// serve several queries, SwiGLU perceptron, no biases. Parameters: embedding.weight, layers.i.attention_norm.weight,
/// layers.i.attention.{query,key,value,output}.weight, layers.i.feed_forward_norm.weight,
/// layers.i.feed_forward.{gate,up,down}.weight, norm.weight, head.weight unless tied. Source: Touvron et al. 2023;
/// Ainslie et al. 2023 for shared heads.
class Llama : public LanguageModel {
 public:
  /// `initialise` false leaves the weights to be read.
  explicit Llama(const LlamaShape& shape, bool initialise = true);
  Llama(const LlamaOptions& options, const LanguageModelShape& shape);

  at::Tensor head() const override;
  KeyValueCache make_cache(std::int64_t batch, std::int64_t capacity) const override;
  std::int64_t positions() const override { return shape_.positions; }
  const LlamaShape& shape() const { return shape_; }

 protected:
  at::Tensor embed(const at::Tensor& ids, std::int64_t first) override;
  std::size_t layer_count() const override { return layers_.size(); }
  torch::nn::Module& layer_module(std::size_t index) override;
  at::Tensor layer(std::size_t index, const at::Tensor& x, KeyValueCache* cache) override;
  at::Tensor last_norm(const at::Tensor& x) override;

 private:
  class Norm;
  struct Layer;
  /// Cosines and sines of positions first … first + length − 1: [length, head/2].
  std::pair<at::Tensor, at::Tensor> angles(const at::Tensor& like, std::int64_t first, std::int64_t length);

  LlamaShape shape_;
  at::Tensor embedding_, head_;
  std::vector<std::shared_ptr<Layer>> layers_;
  std::shared_ptr<Norm> norm_;
  at::Tensor cosines_, sines_;  // of the positions met so far
};

}  // namespace talweg::models
