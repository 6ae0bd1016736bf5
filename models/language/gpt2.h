#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "models/language/language_model.h"

namespace talweg::models {

/// Everything that fixes a GPT-2 model but its weights.
struct Gpt2Shape {
  std::int64_t width = 768;
  std::int64_t layers = 12;
  std::int64_t heads = 12;
  std::int64_t vocabulary = 50257;
  std::int64_t positions = 1024;  ///< as many are learnt
  double norm_epsilon = 1e-5;
  double dropout = 0;
  double initial_deviation = 0.02;
};

/// The published configurations, and a tiny one for trials.
enum class Gpt2Size { tiny, small, medium, large, xl };
inline std::vector<std::pair<std::string, Gpt2Size>> choices(Gpt2Size) {
  return {{"tiny", Gpt2Size::tiny},
          {"124M", Gpt2Size::small},
          {"355M", Gpt2Size::medium},
          {"774M", Gpt2Size::large},
          {"1.5B", Gpt2Size::xl}};
}
Gpt2Shape shape_of(Gpt2Size size);

struct Gpt2Options {
  Gpt2Size size = Gpt2Size::tiny;
  std::optional<std::int64_t> width, layers, heads;
  double dropout = 0.1;
  double initial_deviation = 0.02;
};
void declare(config::Fields& f, Gpt2Options& o);
void validate(const Gpt2Options& o, const config::Value& where, config::Diagnostics& diagnostics);

/// A decoder of the GPT-2 family: learnt positions, layer norms before each part, a GELU perceptron (tanh form) of four
/// times the width, biases everywhere, the head tied to the embedding. Parameters: embedding.weight, positions.weight,
/// layers.i.attention_norm.{weight,bias}, layers.i.attention.{mix,output}.{weight,bias} (mix: queries, keys and
/// values), layers.i.feed_forward_norm.{weight,bias}, layers.i.feed_forward.{up,down}.{weight,bias},
/// norm.{weight,bias}. Source: Radford et al. 2019.
class Gpt2 : public LanguageModel {
 public:
  explicit Gpt2(const Gpt2Shape& shape, bool initialise = true);
  Gpt2(const Gpt2Options& options, const LanguageModelShape& shape);

  at::Tensor head() const override { return embedding_; }
  KeyValueCache make_cache(std::int64_t batch, std::int64_t capacity) const override;
  std::int64_t positions() const override { return shape_.positions; }
  const Gpt2Shape& shape() const { return shape_; }

 protected:
  at::Tensor embed(const at::Tensor& ids, std::int64_t first) override;
  std::size_t layer_count() const override { return layers_.size(); }
  torch::nn::Module& layer_module(std::size_t index) override;
  at::Tensor layer(std::size_t index, const at::Tensor& x, KeyValueCache* cache) override;
  at::Tensor last_norm(const at::Tensor& x) override;

 private:
  class Norm;
  struct Layer;
  at::Tensor dropped(const at::Tensor& x) const;

  Gpt2Shape shape_;
  at::Tensor embedding_, positions_;
  std::vector<std::shared_ptr<Layer>> layers_;
  std::shared_ptr<Norm> norm_;
};

}  // namespace talweg::models
