#include "models/text/bert_encoder.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::models {
namespace {

using torch::nn::LayerNorm;
using torch::nn::LayerNormOptions;
using torch::nn::Linear;

LayerNorm norm_of(const BertShape& shape) {
  return LayerNorm(LayerNormOptions({shape.width}).eps(shape.norm_epsilon));
}

at::Tensor activate(BertActivation activation, const at::Tensor& x) {
  switch (activation) {
    case BertActivation::gelu:
      return at::gelu(x);
    case BertActivation::gelu_tanh:
      return at::gelu(x, "tanh");
    case BertActivation::relu:
      return at::relu(x);
    case BertActivation::silu:
      return at::silu(x);
  }
  return x;
}

/// softmax(Q·Kᵀ/√size)·V over the places that `allowed` [batch, 1, 1, length] names; q, k, v [batch, heads, length,
/// size]. For training it is composed of plain operators, which can be differentiated twice; the fused kernel is for
/// evaluation.
at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& allowed,
                  double dropout) {
  if (!at::GradMode::is_enabled()) return at::scaled_dot_product_attention(q, k, v, allowed);
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(-1)));
  const at::Tensor scores = at::matmul(q * scale, k.transpose(-2, -1)).masked_fill(allowed.logical_not(), -INFINITY);
  const at::Tensor weights = at::dropout(at::softmax(scores, -1), dropout, dropout > 0);
  return at::matmul(weights.to(v.scalar_type()), v);
}

}  // namespace

struct BertEncoder::Embeddings : torch::nn::Module {
  explicit Embeddings(const BertShape& shape)
      : words(register_module("words", torch::nn::Embedding(shape.vocabulary, shape.width))),
        positions(register_module("positions", torch::nn::Embedding(shape.positions, shape.width))),
        segments(register_module("segments", torch::nn::Embedding(shape.segments, shape.width))),
        norm(register_module("norm", norm_of(shape))) {}

  at::Tensor forward(const TextInput& input) {
    // A row of places per text, so that gradients of single texts can be told apart.
    const at::Tensor places = at::arange(input.ids.size(1), input.ids.options()).expand_as(input.ids);
    return norm->forward(words->forward(input.ids) + segments->forward(input.segments) + positions->forward(places));
  }

  torch::nn::Embedding words, positions, segments;
  LayerNorm norm;
};

struct BertEncoder::Layer : torch::nn::Module {
  explicit Layer(const BertShape& shape) : heads(shape.heads), activation(shape.activation) {
    const auto attention = register_module("attention", std::make_shared<Part>());
    query = attention->register_module("query", Linear(shape.width, shape.width));
    key = attention->register_module("key", Linear(shape.width, shape.width));
    value = attention->register_module("value", Linear(shape.width, shape.width));
    output = attention->register_module("output", Linear(shape.width, shape.width));
    attention_norm = register_module("attention_norm", norm_of(shape));
    const auto feed_forward = register_module("feed_forward", std::make_shared<Part>());
    up = feed_forward->register_module("up", Linear(shape.width, shape.feed_forward));
    down = feed_forward->register_module("down", Linear(shape.feed_forward, shape.width));
    feed_forward_norm = register_module("feed_forward_norm", norm_of(shape));
  }

  at::Tensor forward(const at::Tensor& x, const at::Tensor& allowed, double dropout, double attention_dropout) {
    const auto split = [&](const at::Tensor& y) { return y.view({y.size(0), y.size(1), heads, -1}).transpose(1, 2); };
    const at::Tensor attended =
        attend(split(query->forward(x)), split(key->forward(x)), split(value->forward(x)), allowed, attention_dropout);
    const at::Tensor joined = attended.transpose(1, 2).reshape(x.sizes());
    const at::Tensor y = attention_norm->forward(x + at::dropout(output->forward(joined), dropout, dropout > 0));
    const at::Tensor z = down->forward(activate(activation, up->forward(y)));
    return feed_forward_norm->forward(y + at::dropout(z, dropout, dropout > 0));
  }

  struct Part : torch::nn::Module {};
  std::int64_t heads;
  BertActivation activation;
  Linear query{nullptr}, key{nullptr}, value{nullptr}, output{nullptr}, up{nullptr}, down{nullptr};
  LayerNorm attention_norm{nullptr}, feed_forward_norm{nullptr};
};

BertEncoder::BertEncoder(const BertShape& shape) : shape_(shape) {
  if (shape.width % shape.heads != 0)
    throw ConfigError(fmt::format("a width of {} cannot be divided among {} heads", shape.width, shape.heads));
  embeddings_ = register_module("embeddings", std::make_shared<Embeddings>(shape));
  const auto list = register_module("layers", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    layers_.push_back(std::make_shared<Layer>(shape));
    list->push_back(layers_.back());
  }
  pooler_ = register_module("pooler", Linear(shape.width, shape.width));
  torch::NoGradGuard no_grad;
  for (auto& item : named_parameters()) {
    const bool is_matrix = item.value().dim() == 2;
    if (is_matrix)
      item.value().normal_(0, shape.initial_deviation);
    else if (item.key().ends_with("bias"))
      item.value().zero_();
  }
}

at::Tensor BertEncoder::hidden(const TextInput& input) {
  TORCH_CHECK_VALUE(input.ids.size(1) <= shape_.positions, "a text of ", input.ids.size(1), " tokens, the encoder has ",
                    shape_.positions, " positions");
  const double dropout = is_training() ? shape_.dropout : 0,
               attention_dropout = is_training() ? shape_.attention_dropout : 0;
  const at::Tensor allowed = input.mask.unsqueeze(1).unsqueeze(1);
  at::Tensor x = at::dropout(embeddings_->forward(input), dropout, dropout > 0);
  for (const auto& layer : layers_) x = layer->forward(x, allowed, dropout, attention_dropout);
  return x;
}

at::Tensor BertEncoder::summary(const at::Tensor& hidden) {
  return pooler_->forward(hidden.select(1, 0)).tanh();
}

std::vector<std::vector<at::Tensor>> BertEncoder::stages() {
  std::vector<std::vector<at::Tensor>> stages{embeddings_->parameters()};
  for (const auto& layer : layers_) stages.push_back(layer->parameters());
  return stages;
}

}  // namespace talweg::models
