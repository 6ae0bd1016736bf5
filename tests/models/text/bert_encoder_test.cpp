#include "models/text/bert_encoder.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "models/text/pooling.h"

namespace talweg::models {
namespace {

BertShape small() {
  BertShape shape;
  shape.vocabulary = 11;
  shape.positions = 8;
  shape.width = 6;
  shape.layers = 2;
  shape.heads = 3;
  shape.feed_forward = 10;
  return shape;
}

std::shared_ptr<BertEncoder> encoder(const BertShape& shape = small()) {
  torch::manual_seed(5);
  auto result = std::make_shared<BertEncoder>(shape);
  result->to(at::kDouble);
  torch::NoGradGuard no_grad;
  for (at::Tensor& parameter : result->parameters()) parameter.add_(0.3 * at::randn_like(parameter));
  result->eval();
  return result;
}

TextInput input(const at::Tensor& ids, const at::Tensor& mask) {
  return {ids, mask, at::zeros_like(ids)};
}

TEST(BertEncoder, EqualsTheFormulas) {
  // Layer 0 written out by hand, one head and one position at a time.
  BertShape shape = small();
  shape.layers = 1;
  const auto bert = encoder(shape);
  std::map<std::string, at::Tensor> p;
  for (auto& item : bert->named_parameters()) p[item.key()] = item.value().detach();
  const at::Tensor ids = at::tensor({3, 7, 1}, at::kLong), segments = at::tensor({0, 1, 1}, at::kLong);
  const auto norm = [&](const at::Tensor& x, const std::string& name) {
    const at::Tensor centred = x - x.mean(-1, true);
    return centred / (centred.square().mean(-1, true) + 1e-12).sqrt() * p[name + ".weight"] + p[name + ".bias"];
  };
  const auto linear = [&](const at::Tensor& x, const std::string& name) {
    return x.mm(p[name + ".weight"].t()) + p[name + ".bias"];
  };
  const at::Tensor x =
      norm(p["embeddings.words.weight"].index_select(0, ids) + p["embeddings.positions.weight"].slice(0, 0, 3) +
               p["embeddings.segments.weight"].index_select(0, segments),
           "embeddings.norm");
  const at::Tensor q = linear(x, "layers.0.attention.query"), k = linear(x, "layers.0.attention.key"),
                   v = linear(x, "layers.0.attention.value");
  std::vector<at::Tensor> heads;
  for (int head = 0; head < 3; ++head) {
    const auto part = [&](const at::Tensor& y) { return y.slice(1, 2 * head, 2 * head + 2); };
    const at::Tensor scores = part(q).mm(part(k).t()) / std::sqrt(2.0);
    heads.push_back((scores.exp() / scores.exp().sum(1, true)).mm(part(v)));
  }
  const at::Tensor y = norm(x + linear(at::cat(heads, 1), "layers.0.attention.output"), "layers.0.attention_norm");
  const at::Tensor u = linear(y, "layers.0.feed_forward.up");
  const at::Tensor gelu = u * 0.5 * (1 + at::erf(u / std::sqrt(2.0)));
  const at::Tensor z = norm(y + linear(gelu, "layers.0.feed_forward.down"), "layers.0.feed_forward_norm");

  const TextInput batch{ids.unsqueeze(0), at::ones({1, 3}, at::kBool), segments.unsqueeze(0)};
  const at::Tensor composed = bert->hidden(batch);
  EXPECT_LT((composed[0] - z).abs().max().item<double>(), 1e-12);
  const at::Tensor pooler = (z[0].unsqueeze(0).mm(p["pooler.weight"].t()) + p["pooler.bias"]).tanh();
  EXPECT_LT((bert->summary(composed) - pooler).abs().max().item<double>(), 1e-12);
  torch::NoGradGuard no_grad;
  EXPECT_LT((bert->hidden(batch)[0] - z).abs().max().item<double>(), 1e-12) << "the fused kernel of evaluation";
}

TEST(BertEncoder, PaddingHasNoInfluence) {
  const auto bert = encoder();
  const at::Tensor ids = at::tensor({3, 7, 1}, at::kLong).unsqueeze(0),
                   padded = at::tensor({3, 7, 1, 9, 9}, at::kLong).unsqueeze(0);
  const at::Tensor mask = at::tensor({1, 1, 1, 0, 0}, at::kInt).to(at::kBool).unsqueeze(0);
  for (const bool gradients : {true, false}) {
    const at::AutoGradMode mode(gradients);
    const at::Tensor short_one = bert->hidden(input(ids, at::ones({1, 3}, at::kBool)));
    const at::Tensor long_one = bert->hidden(input(padded, mask)).slice(1, 0, 3);
    EXPECT_LT((short_one - long_one).abs().max().item<double>(), 1e-12);
  }
}

TEST(BertEncoder, RefusesWhatDoesNotFit) {
  BertShape shape = small();
  shape.heads = 4;
  EXPECT_THROW(BertEncoder{shape}, ConfigError);
  const at::Tensor ids = at::zeros({1, 9}, at::kLong);
  EXPECT_THROW(encoder()->hidden(input(ids, at::ones({1, 9}, at::kBool))), c10::ValueError);
}

TEST(BertEncoder, StagesCoverAllButTheSummary) {
  const auto bert = encoder();
  std::size_t counted = bert->beside_hidden().size();
  for (const auto& stage : bert->stages()) counted += stage.size();
  EXPECT_EQ(bert->stages().size(), 3u);
  EXPECT_EQ(counted, bert->parameters().size());
}

TEST(Pooling, EachKind) {
  const auto bert = encoder();
  const at::Tensor hidden = at::arange(12, at::kDouble).view({1, 3, 4}).neg();
  const at::Tensor mask = at::tensor({1, 1, 0}, at::kInt).to(at::kBool).unsqueeze(0);
  const auto pooled = [&](Pooling kind) { return pool(kind, *bert, hidden, mask)[0]; };
  EXPECT_TRUE(at::equal(pooled(Pooling::mean), at::tensor({-2, -3, -4, -5}, at::kDouble)));
  EXPECT_TRUE(at::equal(pooled(Pooling::first), at::tensor({0, -1, -2, -3}, at::kDouble)));
  EXPECT_TRUE(at::equal(pooled(Pooling::last), at::tensor({-4, -5, -6, -7}, at::kDouble)));
  EXPECT_TRUE(at::equal(pooled(Pooling::largest), at::tensor({0, -1, -2, -3}, at::kDouble)));
}

}  // namespace
}  // namespace talweg::models
