#include "models/language/llama.h"

#include <fmt/format.h>

#include "core/device/pinned_memory.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "models/language/fused.h"
#include "models/language/table.h"

namespace talweg::models {

class Llama::Norm : public torch::nn::Module {
 public:
  Norm(std::int64_t width, double epsilon)
      : weight(register_parameter("weight", at::ones({width}))), epsilon_(epsilon) {}
  at::Tensor forward(const at::Tensor& x) const { return rms_norm(x, weight, epsilon_); }
  at::Tensor weight;

 private:
  double epsilon_;
};

struct Llama::Layer : torch::nn::Module {
  Layer(const LlamaShape& shape, double deviation) {
    const std::int64_t width = shape.width, size = shape.size_of_head();
    attention_norm = register_module("attention_norm", std::make_shared<Norm>(width, shape.norm_epsilon));
    const auto attention = register_module("attention", std::make_shared<torch::nn::Module>("attention"));
    const auto add = [&](torch::nn::Module& to, const char* name, std::int64_t in, std::int64_t out, bool bias) {
      return to.register_module(name, std::make_shared<Projection>(in, out, bias, deviation));
    };
    query = add(*attention, "query", width, shape.heads * size, shape.attention_bias);
    key = add(*attention, "key", width, shape.key_value_heads * size, shape.attention_bias);
    value = add(*attention, "value", width, shape.key_value_heads * size, shape.attention_bias);
    output = add(*attention, "output", shape.heads * size, width, shape.attention_bias);
    feed_forward_norm = register_module("feed_forward_norm", std::make_shared<Norm>(width, shape.norm_epsilon));
    const auto feed_forward = register_module("feed_forward", std::make_shared<torch::nn::Module>("feed_forward"));
    gate = add(*feed_forward, "gate", width, shape.feed_forward, false);
    up = add(*feed_forward, "up", width, shape.feed_forward, false);
    down = add(*feed_forward, "down", shape.feed_forward, width, false);
  }

  std::shared_ptr<Norm> attention_norm, feed_forward_norm;
  std::shared_ptr<Projection> query, key, value, output, gate, up, down;
};

namespace {

LlamaShape completed(const LlamaOptions& options, const LanguageModelShape& wanted) {
  LlamaShape shape = shape_of(options.size);
  shape.width = options.width.value_or(shape.width);
  shape.layers = options.layers.value_or(shape.layers);
  shape.heads = options.heads.value_or(shape.heads);
  shape.key_value_heads = options.key_value_heads.value_or(options.heads ? *options.heads : shape.key_value_heads);
  if (options.width || options.heads) shape.head_size = 0;
  shape.feed_forward = options.feed_forward.value_or(shape.feed_forward);
  shape.rotary_base = options.rotary_base.value_or(shape.rotary_base);
  shape.norm_epsilon = options.norm_epsilon.value_or(shape.norm_epsilon);
  shape.tied = options.tied.value_or(shape.tied);
  shape.initial_deviation = options.initial_deviation;
  shape.vocabulary = wanted.vocabulary;
  shape.positions = std::max(shape.positions, wanted.positions);
  return shape;
}

/// What is wrong with a shape, or nothing.
std::string defect(const LlamaShape& shape) {
  if (shape.heads % shape.key_value_heads != 0)
    return fmt::format("'key_value_heads' must divide 'heads': {} do not serve {} queries evenly",
                       shape.key_value_heads, shape.heads);
  if (shape.head_size == 0 && shape.width % shape.heads != 0)
    return fmt::format("'heads' must divide 'width': {} heads do not share {} numbers", shape.heads, shape.width);
  if (shape.size_of_head() % 2 != 0)
    return fmt::format("rotary positions turn pairs: a head of {} numbers has none over", shape.size_of_head());
  return "";
}

}  // namespace

LlamaShape shape_of(LlamaSize size) {
  const auto galore = [](std::int64_t width, std::int64_t feed_forward, std::int64_t layers, std::int64_t heads) {
    LlamaShape shape;
    shape.width = width;
    shape.feed_forward = feed_forward;
    shape.layers = layers;
    shape.heads = shape.key_value_heads = heads;
    return shape;
  };
  switch (size) {
    case LlamaSize::m9:
      return galore(128, 352, 4, 4);
    case LlamaSize::m15: {
      LlamaShape shape = galore(288, 768, 6, 6);
      shape.tied = true;
      return shape;
    }
    case LlamaSize::m20:
      return galore(256, 688, 4, 4);
    case LlamaSize::m35:
      return galore(384, 1024, 6, 8);
    case LlamaSize::m60:
      return galore(512, 1376, 8, 8);
    case LlamaSize::m130:
      return galore(768, 2048, 12, 12);
    case LlamaSize::m350:
      return galore(1024, 2736, 24, 16);
    case LlamaSize::b1:
      return galore(2048, 5461, 24, 32);
    case LlamaSize::b7: {
      LlamaShape shape = galore(4096, 11008, 32, 32);
      shape.positions = 2048;
      return shape;
    }
    case LlamaSize::smollm2_135m: {
      LlamaShape shape = galore(576, 1536, 30, 9);
      shape.key_value_heads = 3;
      shape.vocabulary = 49152;
      shape.positions = 8192;
      shape.rotary_base = 100000;
      shape.norm_epsilon = 1e-5;
      shape.tied = true;
      return shape;
    }
  }
  return {};
}

void declare(config::Fields& f, LlamaOptions& o) {
  using config::above;
  using config::at_least;
  f("size", o.size, "a published configuration, of which the other options change single numbers");
  f("width", o.width, "d, numbers per token", at_least(2));
  f("layers", o.layers, "layers of attention and perceptron", at_least(1));
  f("heads", o.heads, "attention heads; they divide the width", at_least(1));
  f("key_value_heads", o.key_value_heads,
    "heads of keys and values, each serving several queries; they divide the heads", at_least(1));
  f("feed_forward", o.feed_forward, "width of the perceptron", at_least(1));
  f("rotary_base", o.rotary_base, "theta of the rotary positions", above(1));
  f("norm_epsilon", o.norm_epsilon, "added to the mean square in the norms", above(0));
  f("tied", o.tied, "the head's matrix is the embedding's");
  f("initial_deviation", o.initial_deviation, "standard deviation of the initial weights", above(0));
}

void validate(const LlamaOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (const std::string text = defect(completed(o, {1, 1})); !text.empty()) diagnostics.error(where.where, text);
}

Llama::Llama(const LlamaOptions& options, const LanguageModelShape& shape) : Llama(completed(options, shape)) {}

Llama::Llama(const LlamaShape& shape, bool initialise) : shape_(shape) {
  if (const std::string text = defect(shape); !text.empty()) throw ConfigError("llama: " + text);
  rotary_frequencies(shape.rotary_base, shape.size_of_head(), shape.rotary_scaling);  // says what is wrong with it
  const double deviation = initialise ? shape.initial_deviation : 0;
  embedding_ = add_table(*this, "embedding", shape.vocabulary, shape.width, deviation);
  const auto stack = register_module("layers", std::make_shared<torch::nn::Module>("layers"));
  for (std::int64_t i = 0; i < shape.layers; ++i)
    layers_.push_back(stack->register_module(std::to_string(i), std::make_shared<Layer>(shape, deviation)));
  norm_ = register_module("norm", std::make_shared<Norm>(shape.width, shape.norm_epsilon));
  if (!shape.tied) head_ = add_table(*this, "head", shape.vocabulary, shape.width, deviation);
}

at::Tensor Llama::head() const {
  return shape_.tied ? embedding_ : head_;
}

KeyValueCache Llama::make_cache(std::int64_t batch, std::int64_t capacity) const {
  return {shape_.layers,
          {batch, shape_.key_value_heads, capacity, shape_.size_of_head()},
          embedding_.options().requires_grad(false)};
}

at::Tensor Llama::embed(const at::Tensor& ids, std::int64_t) {
  return embedding_rows(embedding_, ids);
}

torch::nn::Module& Llama::layer_module(std::size_t index) {
  return *layers_[index];
}

at::Tensor Llama::layer(std::size_t index, const at::Tensor& x, KeyValueCache* cache) {
  Layer& part = *layers_[index];
  const std::int64_t batch = x.size(0), length = x.size(1), size = shape_.size_of_head();
  const at::Tensor input = part.attention_norm->forward(x);
  const auto heads = [&](Projection& projection, std::int64_t count) {
    return projection.forward(input).view({batch, length, count, size});
  };
  const auto [cosines, sines] = angles(x, cache ? cache->length() : 0, length);
  const at::Tensor queries = rotate_halves(heads(*part.query, shape_.heads), cosines, sines);
  const at::Tensor keys = rotate_halves(heads(*part.key, shape_.key_value_heads), cosines, sines);
  const at::Tensor values = heads(*part.value, shape_.key_value_heads);
  const double dropout = is_training() ? shape_.attention_dropout : 0;
  const at::Tensor y = x + part.output->forward(causal_attention(queries, keys, values, index, cache, dropout));
  const at::Tensor inner = part.feed_forward_norm->forward(y);
  return y + part.down->forward(swiglu(part.gate->forward(inner), part.up->forward(inner)));
}

at::Tensor Llama::last_norm(const at::Tensor& x) {
  return norm_->forward(x);
}

std::pair<at::Tensor, at::Tensor> Llama::angles(const at::Tensor& like, std::int64_t first, std::int64_t length) {
  const auto type = like.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const bool fits = cosines_.defined() && cosines_.size(0) >= first + length && cosines_.device() == like.device() &&
                    cosines_.scalar_type() == type;
  if (!fits) {
    torch::NoGradGuard no_grad;
    std::int64_t capacity = 256;
    while (capacity < first + length) capacity *= 2;
    const std::vector<double> frequencies =
        rotary_frequencies(shape_.rotary_base, shape_.size_of_head(), shape_.rotary_scaling);
    const at::Tensor turns = at::outer(at::arange(capacity, at::kDouble), at::tensor(frequencies, at::kDouble));
    cosines_ = sent_to(like.device(), turns.cos().to(type));
    sines_ = sent_to(like.device(), turns.sin().to(type));
  }
  return {cosines_.narrow(0, first, length), sines_.narrow(0, first, length)};
}

}  // namespace talweg::models
