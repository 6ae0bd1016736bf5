// The closed forms of the factorisation loss against autograd, and the hand-written arithmetic against the closed
// forms.
#include "models/deep_linear/factor_chain.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <limits>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "models/deep_linear/deep_linear.h"
#include "models/deep_linear/factor_kernel.h"
#include "models/deep_linear/factor_lanes.h"

namespace talweg::models {
namespace {

struct Problem {
  std::vector<at::Tensor> layers;
  at::Tensor target;
};

/// Random layers of these widths, from the input on.
Problem problem(const std::vector<std::int64_t>& widths, at::ScalarType dtype = at::kDouble) {
  torch::manual_seed(4);
  Problem result;
  for (std::size_t l = 1; l < widths.size(); ++l)
    result.layers.push_back(
        (at::randn({widths[l], widths[l - 1]}, at::kDouble) / std::sqrt(static_cast<double>(widths[l])))
            .to(dtype)
            .requires_grad_(true));
  result.target = at::randn({widths.back(), widths.front()}, at::kDouble).to(dtype);
  return result;
}

at::Tensor plain_loss(const Problem& p, double scale) {
  at::Tensor product = p.layers.front();
  for (std::size_t l = 1; l < p.layers.size(); ++l) product = p.layers[l].mm(product);
  return scale * (product - p.target).square().sum();
}

double relative(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

class Chain : public ::testing::TestWithParam<std::vector<std::int64_t>> {};

TEST_P(Chain, ClosedFormGradientIsThatOfAutograd) {
  const Problem p = problem(GetParam());
  for (const double scale : {0.5, 1.0, 0.03}) {
    const at::Tensor plain = plain_loss(p, scale), node = factor_loss(p.layers, p.target, scale);
    EXPECT_NEAR(node.item<double>(), plain.item<double>(), 1e-12 * plain.item<double>());
    const auto expected = torch::autograd::grad({plain}, p.layers);
    const auto got = torch::autograd::grad({3 * node}, p.layers);
    torch::NoGradGuard no_grad;
    const FactorGradient closed = factor_gradient(p.layers, p.target, scale);
    for (std::size_t l = 0; l < p.layers.size(); ++l) {
      EXPECT_LT(relative(closed.gradients[l], expected[l]), 1e-12) << l;
      EXPECT_LT(relative(got[l], 3 * expected[l]), 1e-12) << l;
    }
  }
}

TEST_P(Chain, HessianProductsAgree) {
  const Problem p = problem(GetParam());
  std::vector<at::Tensor> direction;
  for (const at::Tensor& layer : p.layers) direction.push_back(at::randn(layer.sizes(), at::kDouble));
  const auto second = [&](const at::Tensor& loss) {
    const auto first = torch::autograd::grad({loss}, p.layers, {}, true, true);
    return torch::autograd::grad(first, p.layers, direction, false, false, true);
  };
  const auto expected = second(plain_loss(p, 0.5)), through_node = second(factor_loss(p.layers, p.target, 0.5));
  torch::NoGradGuard no_grad;
  const auto closed = factor_hessian_product(p.layers, p.target, 0.5, direction);
  for (std::size_t l = 0; l < p.layers.size(); ++l) {
    EXPECT_LT(relative(closed[l], expected[l]), 1e-12) << l;
    EXPECT_LT(relative(through_node[l], expected[l]), 1e-12) << l;
  }
}

TEST_P(Chain, TheKernelComputesAndDescends) {
  const Problem p = problem(GetParam());
  torch::NoGradGuard no_grad;
  const FactorGradient closed = factor_gradient(p.layers, p.target, 0.5);
  FactorKernel kernel(GetParam());
  for (std::size_t l = 0; l < p.layers.size(); ++l) kernel.set_layer(l, p.layers[l].const_data_ptr<double>());
  kernel.set_target(p.target.const_data_ptr<double>());
  EXPECT_NEAR(kernel.gradient(1) / 2, closed.value.item<double>(), 1e-12 * closed.value.item<double>());
  kernel.descend(0.01, 1);
  for (std::size_t l = 0; l < p.layers.size(); ++l) {
    at::Tensor gradient = at::empty_like(closed.gradients[l]), layer = at::empty_like(gradient);
    kernel.get_gradient(l, gradient.mutable_data_ptr<double>());
    kernel.get_layer(l, layer.mutable_data_ptr<double>());
    EXPECT_LT(relative(gradient, closed.gradients[l]), 1e-12) << l;
    EXPECT_LT(relative(layer, p.layers[l] - 0.01 * closed.gradients[l]), 1e-13) << l;
  }
}

class Lanes : public ::testing::TestWithParam<std::vector<std::int64_t>> {};

TEST_P(Lanes, EveryLaneComputesItsOwnNetwork) {
  const auto& widths = GetParam();
  const Problem p = problem(widths);
  torch::NoGradGuard no_grad;
  FactorLanes lanes(std::vector<std::size_t>(widths.begin(), widths.end()));
  // Network b has its first layer multiplied by b + 1; the last one is beyond the limit.
  std::vector<at::Tensor> layers, gradients;
  std::vector<const double*> from;
  std::vector<double*> to;
  const at::Tensor factor = at::arange(1, 9, at::kDouble), weights = at::linspace(0.1, 0.8, 8, at::kDouble);
  for (const at::Tensor& layer : p.layers) {
    layers.push_back((layer.unsqueeze(2) * (layers.empty() ? factor : at::ones_like(factor))).contiguous());
    gradients.push_back(at::full(layers.back().sizes(), NAN, at::kDouble));
    from.push_back(layers.back().const_data_ptr<double>());
    to.push_back(gradients.back().mutable_data_ptr<double>());
  }
  std::vector<FactorGradient> expected;
  for (int b = 0; b < 8; ++b) {
    std::vector<at::Tensor> one(p.layers.begin(), p.layers.end());
    one[0] = one[0] * (b + 1);
    expected.push_back(factor_gradient(one, p.target, 0.5));
  }
  const double limit = (expected[6].value.item<double>() + expected[7].value.item<double>());  // 2·value is ‖R‖²
  at::Tensor squares = at::empty({8}, at::kDouble);
  lanes.gradient(from.data(), p.target.const_data_ptr<double>(), weights.const_data_ptr<double>(), limit, to.data(),
                 squares.mutable_data_ptr<double>());
  for (int b = 0; b < 8; ++b) {
    const double value = expected[static_cast<std::size_t>(b)].value.item<double>();
    EXPECT_NEAR(squares[b].item<double>() / 2, value, 1e-12 * value);
    for (std::size_t l = 0; l < p.layers.size(); ++l) {
      const at::Tensor got = gradients[l].select(2, b);
      if (2 * value > limit)
        EXPECT_EQ(got.abs().max().item<double>(), 0) << "network " << b << " has left";
      else
        EXPECT_LT(relative(got, weights[b] * expected[static_cast<std::size_t>(b)].gradients[l]), 1e-12) << l;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Widths, Chain,
                         ::testing::Values(std::vector<std::int64_t>{6, 6, 6, 6, 6},
                                           std::vector<std::int64_t>{5, 5, 5, 5}, std::vector<std::int64_t>{1, 1, 1},
                                           std::vector<std::int64_t>{3, 4}, std::vector<std::int64_t>{7, 2, 9, 4},
                                           std::vector<std::int64_t>{50, 50, 50, 50},
                                           std::vector<std::int64_t>{33, 70, 17, 61},
                                           std::vector<std::int64_t>{120, 130, 110},
                                           std::vector<std::int64_t>{520, 530, 515}));

INSTANTIATE_TEST_SUITE_P(Widths, Lanes,
                         ::testing::Values(std::vector<std::int64_t>{6, 6, 6, 6, 6},
                                           std::vector<std::int64_t>{5, 5, 5, 5}, std::vector<std::int64_t>{1, 1, 1},
                                           std::vector<std::int64_t>{3, 4}, std::vector<std::int64_t>{7, 2, 9, 4}));

TEST(FactorLanes, DiagonalNetworksMultiplyEntryByEntry) {
  torch::manual_seed(1);
  const at::Tensor layers = at::randn({4, 3, 1, 8}, at::kDouble), target = at::randn({3, 1}, at::kDouble);
  at::Tensor gradients = at::empty_like(layers), squares = at::empty({8}, at::kDouble);
  std::vector<const double*> from;
  std::vector<double*> to;
  for (std::int64_t l = 0; l < 4; ++l) {
    from.push_back(layers[l].const_data_ptr<double>());
    to.push_back(gradients[l].mutable_data_ptr<double>());
  }
  FactorLanes lanes(4, 3);
  const at::Tensor weights = at::full({8}, 2.0, at::kDouble);
  lanes.gradient(from.data(), target.const_data_ptr<double>(), weights.const_data_ptr<double>(), 1e9, to.data(),
                 squares.mutable_data_ptr<double>());
  const at::Tensor copy = layers.clone().requires_grad_(true);
  const at::Tensor residual = copy.prod(0) - target.unsqueeze(2);
  const auto expected = torch::autograd::grad({residual.square().sum()}, {copy});
  EXPECT_LT(relative(gradients, expected[0]), 1e-12);
  EXPECT_LT(relative(squares, residual.detach().square().sum(at::IntArrayRef({0, 1}))), 1e-12);
}

TEST(FactorChain, Float32TakesTheGeneralPath) {
  const Problem p = problem({5, 6, 4}, at::kFloat);
  const auto expected = torch::autograd::grad({plain_loss(p, 0.5)}, p.layers);
  const auto got = torch::autograd::grad({factor_loss(p.layers, p.target, 0.5)}, p.layers);
  for (std::size_t l = 0; l < 2; ++l) EXPECT_LT(relative(got[l], expected[l]), 1e-5);
}

DeepLinearOptions options(const std::string& text) {
  return config::parse<DeepLinearOptions>(config::parse_yaml(text, "network"));
}

TEST(DeepLinear, BalancedLayersAgreeAndUnbalancedOnesBeginAtZero) {
  const DeepLinear balanced(options("{depth: 4, initialization: balanced, factor: orthogonal, scale: 0.5}"), {{6}, 6});
  for (std::size_t l = 0; l + 1 < 4; ++l) {
    const at::Tensor upper = balanced.layers()[l + 1], lower = balanced.layers()[l];
    EXPECT_LT((upper.t().mm(upper) - lower.mm(lower.t())).abs().max().item<double>(), 1e-15);
  }
  EXPECT_NEAR(at::linalg_svdvals(balanced.end_to_end().detach()).min().item<double>(), 0.0625, 1e-15);
  const DeepLinear unbalanced(options("{depth: 3, scale: 0.1}"), {{4}, 2});
  EXPECT_EQ(unbalanced.layers()[2].abs().max().item<double>(), 0);
  EXPECT_TRUE(at::equal(unbalanced.layers()[0].detach(), 0.1 * at::eye(4, at::kDouble)));
  EXPECT_EQ(unbalanced.layers()[2].sizes(), (std::vector<std::int64_t>{2, 4}));
}

TEST(DeepLinear, IsTheProductOfItsLayers) {
  DeepLinear network(options("{depth: 3, width: 7, initialization: gaussian, scale: 0.4}"), {{4}, 2});
  const at::Tensor input = at::randn({5, 4}, at::kDouble);
  // Sums of at most 7 products in either order of the three factors: each rounds by at most 7 ε of the magnitudes'
  // product.
  at::Tensor magnitude = input.abs();
  for (const at::Tensor& layer : network.layers()) magnitude = magnitude.mm(layer.detach().abs().t());
  const at::Tensor error = (network.forward(input) - input.mm(network.end_to_end().t())).abs();
  EXPECT_TRUE((error <= 2 * 3 * 7 * std::numeric_limits<double>::epsilon() * magnitude).all().item<bool>()) << error;
  EXPECT_EQ(network.layers()[1].sizes(), (std::vector<std::int64_t>{7, 7}));
  EXPECT_FALSE(network.is_linear());
}

TEST(DeepLinear, MistakesNameTheKey) {
  for (const auto& [text, key] : {std::pair<std::string, std::string>{"{depth: 0}", "depth"},
                                  {"{width: 0}", "width"},
                                  {"{scale: 0}", "scale"},
                                  {"{depth: 3, scales: [1, 2]}", "scales"},
                                  {"{initialization: zero}", "initialization"}}) {
    try {
      options(text);
      ADD_FAILURE() << text;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace talweg::models
