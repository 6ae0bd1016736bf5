// The fused operations beside the formulas they stand for, in float64 by LibTorch's own operators.
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>

#include "core/libtorch.h"
#include "models/language/fused.h"

namespace talweg::models {
namespace {

using Function = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

at::Tensor plain_rms_norm(const std::vector<at::Tensor>& in) {
  return in[0] / (in[0].pow(2).mean(-1, true) + 1e-3).sqrt() * in[1];
}
at::Tensor plain_swiglu(const std::vector<at::Tensor>& in) {
  return in[0] * at::sigmoid(in[0]) * in[1];
}

/// The angles of a few positions, of heads of six numbers.
std::pair<at::Tensor, at::Tensor> angles(at::ScalarType type) {
  const at::Tensor turns = at::outer(at::arange(5, at::kDouble), at::tensor({1.0, 0.3, 0.05}, at::kDouble));
  return {turns.cos().to(type), turns.sin().to(type)};
}
/// Every pair as a complex number, turned by multiplication with e^{iφ}.
at::Tensor plain_rotation(const std::vector<at::Tensor>& in) {
  const auto [c, s] = angles(in[0].scalar_type());
  const auto halves = in[0].chunk(2, -1);
  const at::Tensor turned = at::complex(halves[0], halves[1]) * at::complex(c, s).unsqueeze(1);
  return at::cat({at::real(turned), at::imag(turned)}, -1);
}

struct Case {
  const char* name;
  std::vector<std::vector<std::int64_t>> shapes;
  Function fused, plain;
};

std::vector<Case> cases() {
  return {{"rms_norm", {{3, 5, 37}, {37}}, [](const auto& in) { return rms_norm(in[0], in[1], 1e-3); }, plain_rms_norm},
          {"swiglu", {{4, 21}, {4, 21}}, [](const auto& in) { return swiglu(in[0], in[1]); }, plain_swiglu},
          {"rotate_halves",
           {{2, 5, 3, 6}},
           [](const auto& in) {
             const auto [c, s] = angles(in[0].scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
             return rotate_halves(in[0], c, s);
           },
           plain_rotation}};
}

std::vector<at::Tensor> inputs_of(const Case& tried, at::ScalarType type) {
  at::manual_seed(7);
  std::vector<at::Tensor> inputs;
  for (const auto& shape : tried.shapes) inputs.push_back(at::randn(shape, at::kDouble).to(type).requires_grad_(true));
  return inputs;
}

std::vector<at::Tensor> gradients(const Function& f, const std::vector<at::Tensor>& inputs, bool create_graph = false) {
  const at::Tensor y = f(inputs);
  at::manual_seed(8);
  const at::Tensor weights = at::randn(y.sizes(), at::kDouble).to(y.scalar_type());
  return torch::autograd::grad({y}, inputs, {weights}, create_graph, create_graph);
}

void expect_close(const at::Tensor& got, const at::Tensor& expected, double tolerance, const std::string& what) {
  EXPECT_LE((got.to(at::kDouble) - expected.to(at::kDouble)).abs().max().item<double>(), tolerance) << what;
}

TEST(FusedOperations, EqualTheirFormulasInValueAndDerivative) {
  for (const Case& tried : cases())
    for (const auto& [type, tolerance] : {std::pair{at::kDouble, 1e-13}, std::pair{at::kFloat, 3e-6}}) {
      const auto inputs = inputs_of(tried, type), exact = inputs_of(tried, at::kDouble);
      expect_close(tried.fused(inputs), tried.plain(exact), tolerance, tried.name);
      const auto got = gradients(tried.fused, inputs), expected = gradients(tried.plain, exact);
      for (std::size_t i = 0; i < got.size(); ++i) expect_close(got[i], expected[i], 3 * tolerance, tried.name);
    }
}

TEST(FusedOperations, CanBeDerivedTwice) {
  for (const Case& tried : cases()) {
    const auto twice = [&](const Function& f, at::ScalarType type) {
      const auto inputs = inputs_of(tried, type);
      const auto first = gradients(f, inputs, true);
      at::Tensor sum = at::zeros({}, type);
      for (const at::Tensor& gradient : first) sum = sum + gradient.pow(3).sum();
      return torch::autograd::grad({sum}, inputs, {}, {}, false, true);
    };
    const bool linear = std::string(tried.name) == "rotate_halves";
    if (linear) continue;  // its second derivative is zero, and has no graph
    const auto got = twice(tried.fused, at::kFloat), expected = twice(tried.plain, at::kDouble);
    for (std::size_t i = 0; i < got.size(); ++i)
      expect_close(got[i], expected[i], 1e-5 * expected[i].abs().max().item<double>(), tried.name);
  }
}

TEST(FusedOperations, RoundToBfloat16Once) {
  at::manual_seed(1);
  const at::Tensor x = at::randn({7, 40}), w = at::rand({40}), gate = at::randn({7, 40}).to(at::kBFloat16);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const at::Tensor y = rms_norm(x, w, 1e-5);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  ASSERT_EQ(y.scalar_type(), at::kBFloat16);
  // Within half a unit in the last of eight bits.
  const at::Tensor exact = x.to(at::kDouble) / (x.to(at::kDouble).square().mean(-1, true) + 1e-5).sqrt() * w;
  EXPECT_LE(((y - exact).abs() / exact.abs()).max().item<double>(), 1.0 / 256 + 1e-6);
  const at::Tensor product = swiglu(gate, gate), wide = gate.to(at::kDouble);
  EXPECT_LE(
      ((product - wide * wide.sigmoid() * wide).abs() / (wide * wide.sigmoid() * wide).abs()).max().item<double>(),
      1.0 / 256 + 1e-6);
}

/// Mean cross-entropy over the targets that count, by LibTorch.
at::Tensor plain_cross_entropy(const at::Tensor& h, const at::Tensor& w, const at::Tensor& targets) {
  return at::cross_entropy_loss(h.mm(w.t()), targets, {}, at::Reduction::Mean, -100);
}

struct LossData {
  at::Tensor hidden, weight, targets;
};
/// So many tokens that several blocks are made of them.
LossData loss_data(at::ScalarType type, std::int64_t tokens = 150, std::int64_t vocabulary = 301) {
  at::manual_seed(11);
  LossData data{at::randn({tokens, 24}, at::kDouble).to(type),
                (at::randn({vocabulary, 24}, at::kDouble) * 0.7).to(type),
                at::randint(vocabulary, {tokens}, at::kLong)};
  data.targets.slice(0, 0, tokens, 3).fill_(-100);
  data.hidden.requires_grad_(true);
  data.weight.requires_grad_(true);
  return data;
}

TEST(TokenCrossEntropy, EqualsTheMeanOverCountedTokens) {
  for (const auto& [type, tolerance] : {std::pair{at::kDouble, 1e-14}, std::pair{at::kFloat, 2e-6}}) {
    const LossData data = loss_data(type), exact = loss_data(at::kDouble);
    const at::Tensor loss = 3 * token_cross_entropy(data.hidden, data.weight, data.targets);
    const at::Tensor expected = 3 * plain_cross_entropy(exact.hidden, exact.weight, exact.targets);
    expect_close(loss, expected, 4 * tolerance, "loss");
    loss.backward();
    expected.backward();
    expect_close(data.hidden.grad(), exact.hidden.grad(), tolerance, "by hidden states");
    expect_close(data.weight.grad(), exact.weight.grad(), tolerance, "by the matrix");
    EXPECT_EQ(data.hidden.grad()[0].abs().sum().item<double>(), 0) << "the first token is not counted";
  }
}

TEST(TokenCrossEntropy, BlocksOfTokensChangeNothing) {
  // So many logits per token that a block holds no more than 64 tokens.
  const LossData data = loss_data(at::kFloat, 66, 265000), exact = loss_data(at::kDouble, 66, 265000);
  const at::Tensor losses = token_losses(data.hidden, data.weight, data.targets);
  const at::Tensor loss = token_cross_entropy(data.hidden, data.weight, data.targets);
  loss.backward();
  const at::Tensor expected = plain_cross_entropy(exact.hidden, exact.weight, exact.targets);
  expected.backward();
  expect_close(loss, expected, 1e-5, "loss");
  expect_close(losses.sum() / (data.targets >= 0).sum(), expected, 1e-5, "losses of the tokens");
  expect_close(data.hidden.grad(), exact.hidden.grad(), 1e-6, "by hidden states");
  expect_close(data.weight.grad(), exact.weight.grad(), 1e-6, "by the matrix");
}

TEST(TokenCrossEntropy, KnowsExtremesAndNothing) {
  const at::Tensor identity = at::eye(3) * 1000;
  const at::Tensor sure = at::tensor({1.0F, 0.0F, 0.0F}).unsqueeze(0);
  EXPECT_NEAR(token_cross_entropy(sure, identity, at::tensor({std::int64_t{1}})).item<double>(), 1000, 1e-3);
  EXPECT_EQ(token_cross_entropy(sure, identity, at::tensor({std::int64_t{0}})).item<double>(), 0);
  EXPECT_TRUE(std::isnan(token_cross_entropy(sure * NAN, identity, at::tensor({std::int64_t{0}})).item<double>()));
  const LossData data = loss_data(at::kFloat);
  const at::Tensor loss = token_cross_entropy(data.hidden, data.weight, at::full_like(data.targets, -100));
  EXPECT_EQ(loss.item<double>(), 0);
  loss.backward();
  EXPECT_EQ(data.weight.grad().abs().sum().item<double>(), 0);
}

TEST(TokenCrossEntropy, CanBeDerivedTwice) {
  const auto twice = [](at::ScalarType type, auto&& loss_of) {
    const LossData data = loss_data(type);
    const std::vector<at::Tensor> inputs{data.hidden, data.weight};
    const auto first = torch::autograd::grad({loss_of(data.hidden, data.weight, data.targets)}, inputs, {}, true, true);
    return torch::autograd::grad({first[0].pow(2).sum() + first[1].pow(2).sum()}, inputs);
  };
  const auto got = twice(at::kDouble, token_cross_entropy), expected = twice(at::kDouble, plain_cross_entropy);
  for (std::size_t i = 0; i < 2; ++i) expect_close(got[i], expected[i], 1e-13, "second derivative");
}

}  // namespace
}  // namespace talweg::models
