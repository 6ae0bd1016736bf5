// Decoders beside a reference written out here from the papers' formulas, and against themselves: with and without
// cache, recomputation, shared heads, adapters.
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "models/language/fused.h"
#include "models/language/gpt2.h"
#include "models/language/llama.h"
#include "models/register.h"

namespace talweg::models {
namespace {

LlamaShape small_llama() {
  LlamaShape shape;
  shape.width = 24;
  shape.layers = 2;
  shape.heads = 4;
  shape.key_value_heads = 2;
  shape.feed_forward = 40;
  shape.vocabulary = 50;
  shape.positions = 64;
  shape.initial_deviation = 0.4;
  return shape;
}

std::shared_ptr<Llama> make_llama(const LlamaShape& shape, at::ScalarType type) {
  at::manual_seed(5);
  auto model = std::make_shared<Llama>(shape);
  model->to(type);
  return model;
}

std::shared_ptr<LanguageModel> make_language_model(const std::string& yaml, const LanguageModelShape& shape) {
  register_components();
  config::Component<LanguageModelKind> component;
  config::Diagnostics diagnostics;
  component.parse(config::parse_yaml(yaml, "test"), diagnostics, "model");
  diagnostics.throw_if_any();
  at::manual_seed(5);
  return component.create(shape);
}

at::Tensor some_ids(std::int64_t batch, std::int64_t length, std::int64_t vocabulary = 50) {
  at::manual_seed(9);
  return at::randint(vocabulary, {batch, length}, at::kLong);
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

/// One sequence, token by token and head by head, as in Touvron et al. 2023 and Su et al. 2021.
at::Tensor reference_llama(Llama& model, const at::Tensor& ids) {
  const LlamaShape& shape = model.shape();
  const auto parameters = model.named_parameters();
  const auto weight = [&](const std::string& name) { return parameters[name + ".weight"]; };
  const auto norm = [&](const at::Tensor& x, const std::string& name) {
    return x / (x.square().mean(-1, true) + shape.norm_epsilon).sqrt() * weight(name);
  };
  const std::int64_t size = shape.size_of_head(), half = size / 2, length = ids.size(0);
  const auto rotate = [&](const at::Tensor& vector, std::int64_t position) {
    at::Tensor turned = vector.clone();
    for (std::int64_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(position) *
                           std::pow(shape.rotary_base, -2.0 * static_cast<double>(i) / static_cast<double>(size));
      turned[i] = vector[i] * std::cos(angle) - vector[i + half] * std::sin(angle);
      turned[i + half] = vector[i + half] * std::cos(angle) + vector[i] * std::sin(angle);
    }
    return turned;
  };
  at::Tensor x = weight("embedding").index_select(0, ids);
  for (std::int64_t l = 0; l < shape.layers; ++l) {
    const std::string at = "layers." + std::to_string(l) + ".";
    const at::Tensor in = norm(x, at + "attention_norm");
    const at::Tensor q = in.mm(weight(at + "attention.query").t()), k = in.mm(weight(at + "attention.key").t()),
                     v = in.mm(weight(at + "attention.value").t());
    std::vector<at::Tensor> rows;
    for (std::int64_t t = 0; t < length; ++t) {
      std::vector<at::Tensor> heads;
      for (std::int64_t h = 0; h < shape.heads; ++h) {
        const std::int64_t served = h / (shape.heads / shape.key_value_heads);
        const at::Tensor query = rotate(q[t].narrow(0, h * size, size), t);
        std::vector<at::Tensor> scores, values;
        for (std::int64_t s = 0; s <= t; ++s) {
          scores.push_back(query.dot(rotate(k[s].narrow(0, served * size, size), s)) / std::sqrt(size));
          values.push_back(v[s].narrow(0, served * size, size));
        }
        heads.push_back(at::softmax(at::stack(scores), 0).unsqueeze(0).mm(at::stack(values)).squeeze(0));
      }
      rows.push_back(at::cat(heads));
    }
    x = x + at::stack(rows).mm(weight(at + "attention.output").t());
    const at::Tensor inner = norm(x, at + "feed_forward_norm");
    const at::Tensor gate = inner.mm(weight(at + "feed_forward.gate").t());
    const at::Tensor up = inner.mm(weight(at + "feed_forward.up").t());
    x = x + (gate * gate.sigmoid() * up).mm(weight(at + "feed_forward.down").t());
  }
  return norm(x, "norm").mm(model.head().t());
}

TEST(Llama, EqualsItsFormulas) {
  torch::NoGradGuard no_grad;
  for (const bool tied : {false, true}) {
    LlamaShape shape = small_llama();
    shape.tied = tied;
    const auto model = make_llama(shape, at::kDouble);
    const at::Tensor ids = some_ids(2, 9);
    const at::Tensor logits = model->logits(model->hidden(ids));
    for (std::int64_t b = 0; b < 2; ++b)
      EXPECT_LE(largest_difference(logits[b], reference_llama(*model, ids[b])), 1e-12);
    const auto single = make_llama(shape, at::kFloat);
    EXPECT_LE(largest_difference(single->logits(single->hidden(ids)), logits), 1e-4);
  }
}

/// The gradient of the embedding of a model whose loss is a sum over the logits, or over the hidden states alone.
at::Tensor embedding_gradient(Llama& model, const at::Tensor& ids, bool through_head) {
  model.zero_grad();
  const at::Tensor hidden = model.hidden(ids);
  const at::Tensor targets = ids.roll(1, 1).flatten();
  (through_head ? token_cross_entropy(hidden.flatten(0, 1), model.head(), targets) : hidden.pow(2).sum()).backward();
  return model.named_parameters()["embedding.weight"].grad();
}

TEST(Llama, ATiedTableHasTheGradientsOfBothItsUses) {
  LlamaShape shape = small_llama();
  const auto apart = make_llama(shape, at::kDouble);
  shape.tied = true;
  const auto tied = make_llama(shape, at::kDouble);
  {
    torch::NoGradGuard no_grad;
    auto sources = tied->named_parameters();
    for (auto& item : apart->named_parameters())
      item.value().copy_(sources[item.key() == "head.weight" ? "embedding.weight" : item.key()]);
  }
  const at::Tensor ids = some_ids(2, 9);
  for (const bool through_head : {true, false}) {
    const at::Tensor together = embedding_gradient(*tied, ids, through_head);
    at::Tensor sum = embedding_gradient(*apart, ids, through_head);
    if (through_head) sum = sum + apart->named_parameters()["head.weight"].grad();
    EXPECT_LE(largest_difference(together, sum), 1e-13);
  }
}

TEST(Llama, PublishedSizesHaveTheirNumberOfParameters) {
  // Embedding and head, per layer 4d² + 3·d·ffn (+ 2d of the norms), and the last norm.
  const std::vector<std::pair<LlamaSize, std::int64_t>> sizes = {{LlamaSize::m60, 58073600},
                                                                 {LlamaSize::m130, 134105856},
                                                                 {LlamaSize::m350, 367969280},
                                                                 {LlamaSize::b1, 1339082752}};
  for (const auto& [size, expected] : sizes) {
    const LlamaShape s = shape_of(size);
    const std::int64_t count = 2 * s.vocabulary * s.width +
                               s.layers * (4 * s.width * s.width + 3 * s.width * s.feed_forward + 2 * s.width) +
                               s.width;
    EXPECT_EQ(count, expected);
  }
  const Llama smollm(shape_of(LlamaSize::smollm2_135m), false);
  std::int64_t count = 0;
  for (const at::Tensor& parameter : smollm.parameters()) count += parameter.numel();
  EXPECT_EQ(count, 134515008);
  EXPECT_EQ(smollm.projections().size(), 210U);
}

TEST(LanguageModels, AnswerTheSameWithACache) {
  torch::NoGradGuard no_grad;
  for (const char* yaml : {"{type: llama, width: 24, heads: 4, key_value_heads: 2, layers: 2, feed_forward: 40}",
                           "{type: gpt2, width: 24, heads: 4, layers: 2}"}) {
    const auto model = make_language_model(yaml, {50, 32});
    model->to(at::kDouble);
    model->eval();
    const at::Tensor ids = some_ids(3, 20);
    const at::Tensor whole = model->hidden(ids);
    KeyValueCache cache = model->make_cache(3, 20);
    std::vector<at::Tensor> parts;
    for (const auto& [begin, length] :
         std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 7}, {7, 1}, {8, 5}, {13, 7}})
      parts.push_back(model->hidden(ids.narrow(1, begin, length), &cache));
    EXPECT_EQ(cache.length(), 20);
    EXPECT_LE(largest_difference(at::cat(parts, 1), whole), 1e-12) << yaml;
    EXPECT_THROW(model->hidden(ids.narrow(1, 0, 1), &cache), c10::ValueError) << "the cache is full";
    cache.truncate(7);
    EXPECT_LE(largest_difference(model->hidden(ids.narrow(1, 7, 1), &cache), whole.narrow(1, 7, 1)), 1e-12);
  }
}

/// Gradients of the loss on some text, with the value first.
std::vector<at::Tensor> loss_and_gradients(LanguageModel& model, const at::Tensor& ids) {
  at::manual_seed(3);
  for (const at::Tensor& parameter : model.parameters()) parameter.mutable_grad() = at::Tensor();
  const at::Tensor targets = ids.roll(-1, 1).flatten();
  const at::Tensor loss = token_cross_entropy(model.hidden(ids).flatten(0, 1), model.head(), targets);
  loss.backward();
  std::vector<at::Tensor> all{loss.detach()};
  for (const at::Tensor& parameter : model.parameters())
    if (parameter.requires_grad()) all.push_back(parameter.grad());
  return all;
}

TEST(LanguageModels, RecomputedLayersGiveTheSameGradientToTheBit) {
  for (const char* yaml : {"{type: llama, width: 24, heads: 4, layers: 3, feed_forward: 40, tied: true}",
                           "{type: gpt2, width: 24, heads: 4, layers: 3, dropout: 0.2}"}) {
    const auto model = make_language_model(yaml, {50, 32});
    const at::Tensor ids = some_ids(3, 20);
    const auto plain = loss_and_gradients(*model, ids);
    model->recompute_layers(true);
    const auto recomputed = loss_and_gradients(*model, ids);
    for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(at::equal(plain[i], recomputed[i])) << yaml << i;
  }
}

TEST(LanguageModels, EveryParameterHasTheGradientOfDifferences) {
  for (const char* yaml : {"{type: llama, width: 12, heads: 2, key_value_heads: 1, layers: 1, feed_forward: 20, "
                           "initial_deviation: 0.4}",
                           "{type: gpt2, width: 12, heads: 2, layers: 1, dropout: 0, initial_deviation: 0.4}"}) {
    const auto model = make_language_model(yaml, {20, 16});
    model->to(at::kDouble);
    const at::Tensor ids = some_ids(2, 8, 20);
    const auto gradients = loss_and_gradients(*model, ids);
    std::size_t i = 1;
    for (auto& item : model->named_parameters()) {
      at::manual_seed(21);
      const at::Tensor direction = at::randn_like(item.value().detach());
      const auto value = [&](double step) {
        torch::NoGradGuard no_grad;
        item.value().add_(direction, step);
        const double loss =
            token_cross_entropy(model->hidden(ids).flatten(0, 1), model->head(), ids.roll(-1, 1).flatten())
                .item<double>();
        item.value().sub_(direction, step);
        return loss;
      };
      const double slope = (value(1e-5) - value(-1e-5)) / 2e-5;
      EXPECT_NEAR((gradients[i++] * direction).sum().item<double>(), slope, 1e-7) << item.key();
    }
  }
}

TEST(LanguageModels, AnAdapterStartsAsNothingAndMerges) {
  const auto model = make_language_model("{type: llama, width: 24, heads: 4, layers: 2, feed_forward: 40}", {50, 32});
  model->to(at::kDouble);
  const at::Tensor ids = some_ids(2, 10);
  const at::Tensor before = model->hidden(ids).detach();
  for (const auto& [name, projection] : model->projections())
    if (name.find("attention") != std::string::npos) projection->attach({.rank = 3, .alpha = 6});
  EXPECT_TRUE(at::equal(model->hidden(ids).detach(), before));
  torch::NoGradGuard no_grad;
  for (const auto& [name, projection] : model->projections())
    if (projection->has_adapter()) {
      EXPECT_FALSE(projection->weight.requires_grad());
      EXPECT_TRUE(projection->adapter_a.requires_grad());
      projection->adapter_b.normal_();
    }
  const at::Tensor adapted = model->hidden(ids);
  EXPECT_GT(largest_difference(adapted, before), 1e-2);
  for (const auto& [name, projection] : model->projections())
    if (projection->has_adapter()) {
      projection->weight.copy_(projection->merged_weight());
      projection->adapter_b.zero_();
    }
  EXPECT_LE(largest_difference(model->hidden(ids), adapted), 1e-10);
  EXPECT_THROW(model->projections().front().second->attach({}), c10::ValueError);
}

TEST(LanguageModels, WrongShapesAreExplained) {
  const auto message = [](const std::string& yaml) {
    try {
      make_language_model(yaml, {10, 10});
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(message("{type: llama, heads: 4, key_value_heads: 3}").find("must divide 'heads'"), std::string::npos);
  EXPECT_NE(message("{type: llama, width: 30, heads: 4}").find("must divide 'width'"), std::string::npos);
  EXPECT_NE(message("{type: llama, width: 12, heads: 4}").find("pairs"), std::string::npos);
  EXPECT_NE(message("{type: gpt2, width: 30, heads: 4}").find("must divide 'width'"), std::string::npos);
  const auto model = make_language_model("{type: gpt2, width: 8, heads: 2, layers: 1}", {10, 4});
  EXPECT_EQ(model->positions(), 1024);
  EXPECT_THROW(model->hidden(at::zeros({1, 1025}, at::kLong)), c10::ValueError);
}

}  // namespace
}  // namespace talweg::models
