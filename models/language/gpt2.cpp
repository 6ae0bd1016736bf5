#include "models/language/gpt2.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"
#include "models/language/table.h"

namespace talweg::models {

class Gpt2::Norm : public torch::nn::Module {
 public:
  Norm(std::int64_t width, double epsilon)
      : weight_(register_parameter("weight", at::ones({width}))),
        bias_(register_parameter("bias", at::zeros({width}))),
        epsilon_(epsilon) {}
  at::Tensor forward(const at::Tensor& x) const {
    return at::layer_norm(x, {weight_.size(0)}, weight_, bias_, epsilon_);
  }

 private:
  at::Tensor weight_, bias_;
  double epsilon_;
};

struct Gpt2::Layer : torch::nn::Module {
  Layer(const Gpt2Shape& shape, double deviation) {
    const std::int64_t width = shape.width;
    // Smaller where a layer adds to the residual stream.
    const double residual = deviation / std::sqrt(2.0 * static_cast<double>(shape.layers));
    const auto add = [](torch::nn::Module& to, const char* name, std::int64_t in, std::int64_t out, double d) {
      return to.register_module(name, std::make_shared<Projection>(in, out, true, d));
    };
    attention_norm = register_module("attention_norm", std::make_shared<Norm>(width, shape.norm_epsilon));
    const auto attention = register_module("attention", std::make_shared<torch::nn::Module>("attention"));
    mix = add(*attention, "mix", width, 3 * width, deviation);
    output = add(*attention, "output", width, width, residual);
    feed_forward_norm = register_module("feed_forward_norm", std::make_shared<Norm>(width, shape.norm_epsilon));
    const auto feed_forward = register_module("feed_forward", std::make_shared<torch::nn::Module>("feed_forward"));
    up = add(*feed_forward, "up", width, 4 * width, deviation);
    down = add(*feed_forward, "down", 4 * width, width, residual);
  }

  std::shared_ptr<Norm> attention_norm, feed_forward_norm;
  std::shared_ptr<Projection> mix, output, up, down;
};

namespace {

Gpt2Shape completed(const Gpt2Options& options, const LanguageModelShape& wanted) {
  Gpt2Shape shape = shape_of(options.size);
  shape.width = options.width.value_or(shape.width);
  shape.layers = options.layers.value_or(shape.layers);
  shape.heads = options.heads.value_or(shape.heads);
  shape.dropout = options.dropout;
  shape.initial_deviation = options.initial_deviation;
  shape.vocabulary = wanted.vocabulary;
  shape.positions = std::max(shape.positions, wanted.positions);
  return shape;
}

std::string defect(const Gpt2Shape& shape) {
  return shape.width % shape.heads == 0
             ? ""
             : fmt::format("'heads' must divide 'width': {} heads do not share {} numbers", shape.heads, shape.width);
}

}  // namespace

Gpt2Shape shape_of(Gpt2Size size) {
  const auto of = [](std::int64_t width, std::int64_t layers, std::int64_t heads) {
    Gpt2Shape shape;
    shape.width = width;
    shape.layers = layers;
    shape.heads = heads;
    return shape;
  };
  switch (size) {
    case Gpt2Size::tiny:
      return of(128, 4, 4);
    case Gpt2Size::small:
      return of(768, 12, 12);
    case Gpt2Size::medium:
      return of(1024, 24, 16);
    case Gpt2Size::large:
      return of(1280, 36, 20);
    case Gpt2Size::xl:
      return of(1600, 48, 25);
  }
  return {};
}

void declare(config::Fields& f, Gpt2Options& o) {
  using config::above;
  using config::at_least;
  f("size", o.size, "a published configuration, of which the other options change single numbers");
  f("width", o.width, "numbers per token", at_least(1));
  f("layers", o.layers, "layers of attention and perceptron", at_least(1));
  f("heads", o.heads, "attention heads; they divide the width", at_least(1));
  f("dropout", o.dropout, "probability of a zero in embeddings, attention weights and what layers add", at_least(0),
    config::below(1));
  f("initial_deviation", o.initial_deviation, "standard deviation of the initial weights", above(0));
}

void validate(const Gpt2Options& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (const std::string text = defect(completed(o, {1, 1})); !text.empty()) diagnostics.error(where.where, text);
}

Gpt2::Gpt2(const Gpt2Options& options, const LanguageModelShape& shape) : Gpt2(completed(options, shape)) {}

Gpt2::Gpt2(const Gpt2Shape& shape, bool initialise) : shape_(shape) {
  if (const std::string text = defect(shape); !text.empty()) throw ConfigError("gpt2: " + text);
  const double deviation = initialise ? shape.initial_deviation : 0;
  embedding_ = add_table(*this, "embedding", shape.vocabulary, shape.width, deviation);
  positions_ = add_table(*this, "positions", shape.positions, shape.width, deviation / 2);
  const auto stack = register_module("layers", std::make_shared<torch::nn::Module>("layers"));
  for (std::int64_t i = 0; i < shape.layers; ++i)
    layers_.push_back(stack->register_module(std::to_string(i), std::make_shared<Layer>(shape, deviation)));
  norm_ = register_module("norm", std::make_shared<Norm>(shape.width, shape.norm_epsilon));
}

KeyValueCache Gpt2::make_cache(std::int64_t batch, std::int64_t capacity) const {
  return {shape_.layers,
          {batch, shape_.heads, capacity, shape_.width / shape_.heads},
          embedding_.options().requires_grad(false)};
}

at::Tensor Gpt2::dropped(const at::Tensor& x) const {
  return is_training() && shape_.dropout > 0 ? at::dropout(x, shape_.dropout, true) : x;
}

at::Tensor Gpt2::embed(const at::Tensor& ids, std::int64_t first) {
  return dropped(embedding_rows(embedding_, ids) + positions_.narrow(0, first, ids.size(1)));
}

torch::nn::Module& Gpt2::layer_module(std::size_t index) {
  return *layers_[index];
}

at::Tensor Gpt2::layer(std::size_t index, const at::Tensor& x, KeyValueCache* cache) {
  Layer& part = *layers_[index];
  const std::int64_t batch = x.size(0), length = x.size(1);
  const std::vector<at::Tensor> mixed = part.mix->forward(part.attention_norm->forward(x))
                                            .view({batch, length, 3, shape_.heads, shape_.width / shape_.heads})
                                            .unbind(2);
  const double dropout = is_training() ? shape_.dropout : 0;
  const at::Tensor seen = causal_attention(mixed[0], mixed[1], mixed[2], index, cache, dropout);
  const at::Tensor y = x + dropped(part.output->forward(seen));
  const at::Tensor inner = part.up->forward(part.feed_forward_norm->forward(y));
  return y + dropped(part.down->forward(at::gelu(inner, "tanh")));
}

at::Tensor Gpt2::last_norm(const at::Tensor& x) {
  return norm_->forward(x);
}

}  // namespace talweg::models
