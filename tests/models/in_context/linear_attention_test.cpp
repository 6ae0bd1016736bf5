// The layer, its masked pass and its closed-form gradient (Huang, Wang and Lee 2025; the algebra is ours).
#include "models/in_context/linear_attention.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>

#include "models/in_context/prompt_embedding.h"
#include "models/in_context/prompts_of_test.h"

namespace talweg::models {
namespace {

struct Weights {
  at::Tensor value, key_query;
};

Weights random_weights(std::int64_t d, double deviation = 0.3) {
  const std::int64_t size = PromptLayout{d}.size();
  return {deviation * at::randn({size, size}, at::kDouble), deviation * at::randn({size, size}, at::kDouble)};
}

/// V_31 = −η·I, W_13 = I, W_24 = −1.
Weights descent_weights(std::int64_t d, double eta) {
  const PromptLayout layout{d};
  Weights weights{at::zeros({layout.size(), layout.size()}, at::kDouble),
                  at::zeros({layout.size(), layout.size()}, at::kDouble)};
  for (std::int64_t r = 0; r < d; ++r) {
    weights.value[layout.weight_row() + r][r] = -eta;
    weights.key_query[r][layout.weight_row() + r] = 1.0;
  }
  weights.key_query[layout.label_row()][layout.ones_row()] = -1.0;
  return weights;
}

Scales constant(std::int64_t n, std::int64_t k) {
  return Scales(static_cast<std::size_t>(k), 1.0 / static_cast<double>(n));
}

/// The loss from the definition: one evaluation of the layer for every prefix.
at::Tensor prefix_loss(const Weights& weights, const Example& example, const Scales& scales) {
  const at::Tensor z = embed(example.prompts, example.path);
  const std::int64_t n = example.prompts.examples();
  at::Tensor total = at::zeros({}, at::kDouble);
  for (std::size_t i = 0; i < scales.size(); ++i) {
    const auto token = n + 1 + static_cast<std::int64_t>(i);
    const at::Tensor output = last_column(weights.value, weights.key_query, z.narrow(2, 0, token), scales[i]);
    total = total + 0.5 * (output - z.select(2, token)).square().sum(1).mean();
  }
  return total;
}

TEST(PromptEmbedding, Layout) {
  torch::manual_seed(1);
  const Example e = make_example(3, 10, 20, 5, 0.4);
  const at::Tensor first = embed(e.prompts, initial_weights(e.prompts)), whole = embed(e.prompts, e.path);
  EXPECT_EQ(first.sizes(), (at::IntArrayRef{3, 22, 21}));
  EXPECT_EQ(whole.sizes(), (at::IntArrayRef{3, 22, 26}));
  at::Tensor start = at::zeros({3, 22}, at::kDouble);
  start.select(1, 21).fill_(1.0);
  EXPECT_TRUE(at::equal(first.select(2, 20), start)) << "(0, 0, w_0, 1)";
  EXPECT_TRUE(at::equal(whole.narrow(2, 0, 20).narrow(1, 11, 11), at::zeros({3, 11, 20}, at::kDouble)));
  EXPECT_TRUE(at::equal(whole.narrow(2, 0, 20).narrow(1, 0, 11), e.prompts.context));
  EXPECT_TRUE(at::equal(whole.narrow(2, 20, 6).narrow(1, 11, 10), e.path.transpose(1, 2)));
  EXPECT_TRUE(at::equal(whole.narrow(2, 20, 6).narrow(1, 0, 11), at::zeros({3, 11, 6}, at::kDouble)));
}

TEST(LinearAttention, MaskedPassEqualsPrefixes) {
  torch::manual_seed(2);
  constexpr std::int64_t n = 20, k = 10;
  const Weights w = random_weights(10);
  at::Tensor z = at::randn({4, 22, n + k}, at::kDouble);  // tokens with anything in any row
  Scales scales;
  for (std::int64_t i = 0; i < k; ++i) scales.push_back(1.0 / static_cast<double>(n + 1 + i));
  const at::Tensor all = all_last_columns(w.value, w.key_query, z, scales);
  for (std::int64_t i = 0; i < k; ++i)
    EXPECT_LT(largest_difference(all.select(2, i), last_column(w.value, w.key_query, z.narrow(2, 0, n + 1 + i),
                                                               scales[static_cast<std::size_t>(i)])),
              1e-10);
}

TEST(LinearAttention, GaugeInvariance) {
  torch::manual_seed(3);
  const Weights w = random_weights(10);
  const at::Tensor z = at::randn({5, 22, 25}, at::kDouble);
  const at::Tensor output = last_column(w.value, w.key_query, z, 0.05);
  for (const double s : {3.0, -0.5})
    EXPECT_LT(largest_difference(last_column(w.value / s, w.key_query * s, z, 0.05), output),
              1e-10 * output.abs().max().item<double>());
}

using Evaluate = LossAndGradients (*)(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                      const Scales&, bool);

TEST(TeacherForcing, ClosedFormEqualsAutogradAndFiniteDifferences) {
  struct Size {
    std::int64_t count, d, n, k;
  };
  // Counts that fill lanes and parts of threads unevenly; sizes with every remainder of the register tiles.
  for (const Size& s :
       {Size{3, 10, 20, 10}, Size{130, 2, 3, 1}, Size{17, 1, 1, 2}, Size{70, 5, 7, 7}, Size{9, 3, 4, 5}}) {
    SCOPED_TRACE(::testing::Message() << "B=" << s.count << " d=" << s.d << " n=" << s.n << " k=" << s.k);
    torch::manual_seed(4);
    Weights w = random_weights(s.d, 0.1);
    const Example e = make_example(s.count, s.d, s.n, s.k, 0.3);
    Scales scales;
    for (std::int64_t i = 0; i < s.k; ++i) scales.push_back(1.0 / static_cast<double>(s.n + 1 + i));
    w.value.set_requires_grad(true);
    w.key_query.set_requires_grad(true);
    const at::Tensor loss = prefix_loss(w, e, scales);
    const auto expected = torch::autograd::grad({loss}, {w.value, w.key_query}, {}, true, false, true);
    torch::NoGradGuard no_grad;
    const auto relative = [](const at::Tensor& a, const at::Tensor& b) {
      return largest_difference(a, b) / b.abs().max().item<double>();
    };
    for (const Evaluate evaluate : {&teacher_forced_by_tensors, &teacher_forced_in_lanes}) {
      const LossAndGradients got = evaluate(w.value, w.key_query, e.prompts.context, e.path, scales, true);
      EXPECT_NEAR(got.loss.item<double>(), loss.item<double>(), 1e-10 * loss.item<double>());
      EXPECT_LT(relative(got.value_gradient, expected[0]), 1e-8);
      EXPECT_LT(relative(got.key_query_gradient, expected[1]), 1e-8);
      EXPECT_TRUE(
          at::equal(got.key_query_gradient.narrow(1, 0, s.d + 1), at::zeros({2 * s.d + 2, s.d + 1}, at::kDouble)))
          << "the columns that meet the x and y rows get exactly nothing";
      EXPECT_EQ(evaluate(w.value, w.key_query, e.prompts.context, e.path, scales, false).loss.item<double>(),
                got.loss.item<double>());
    }
    constexpr double h = 1e-5;
    for (int trial = 0; trial < 5; ++trial) {
      const Weights along = random_weights(s.d, 1);
      const auto at = [&](double t) {
        return prefix_loss({w.value + t * along.value, w.key_query + t * along.key_query}, e, scales).item<double>();
      };
      const double slope = ((expected[0] * along.value).sum() + (expected[1] * along.key_query).sum()).item<double>();
      EXPECT_NEAR((at(h) - at(-h)) / (2 * h), slope, 1e-5 * std::max(1.0, std::abs(slope)));
    }
  }
}

TEST(TeacherForcing, EveryMemoryFormatAndPrecisionAgree) {
  torch::manual_seed(5);
  const Weights w = random_weights(10, 0.1);
  const Example e = make_example(37, 10, 20, 6, 0.4);
  const Scales scales = constant(20, 6);
  const LossAndGradients plain = teacher_forced_in_lanes(w.value, w.key_query, e.prompts.context, e.path, scales, true);
  const auto innermost = [](const at::Tensor& t) { return t.permute({1, 2, 0}).contiguous().permute({2, 0, 1}); };
  const LossAndGradients same =
      teacher_forced_in_lanes(w.value, w.key_query, innermost(e.prompts.context), innermost(e.path), scales, true);
  EXPECT_TRUE(at::equal(plain.value_gradient, same.value_gradient));
  EXPECT_TRUE(at::equal(plain.key_query_gradient, same.key_query_gradient));
  const LossAndGradients single =
      teacher_forced_in_lanes(w.value.to(at::kFloat), w.key_query.to(at::kFloat), e.prompts.context.to(at::kFloat),
                              e.path.to(at::kFloat), scales, true);
  EXPECT_NEAR(single.loss.item<double>(), plain.loss.item<double>(), 1e-5 * plain.loss.item<double>());
  EXPECT_LT(largest_difference(single.value_gradient, plain.value_gradient),
            1e-5 * plain.value_gradient.abs().max().item<double>());
}

TEST(TeacherForcing, BackwardAndSecondDerivatives) {
  torch::manual_seed(6);
  Weights w = random_weights(4, 0.2);
  const Example e = make_example(11, 4, 6, 3, 0.3);
  const Scales scales = constant(6, 3);
  w.value.set_requires_grad(true);
  w.key_query.set_requires_grad(true);
  const std::vector<at::Tensor> parameters{w.value, w.key_query};
  const auto hessian_times = [&](const at::Tensor& loss, const Weights& v) {
    const auto first = torch::autograd::grad({loss}, parameters, {}, true, /*create_graph=*/true);
    return torch::autograd::grad({(first[0] * v.value).sum() + (first[1] * v.key_query).sum()}, parameters);
  };
  const Weights direction = random_weights(4, 1);
  const auto got =
      hessian_times(teacher_forced_loss(w.value, w.key_query, e.prompts.context, e.path, scales), direction);
  const auto expected = hessian_times(prefix_loss(w, e, scales), direction);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_LT(largest_difference(got[i], expected[i]), 1e-9);
  // A factor in front of the loss reaches the gradient.
  const auto doubled = torch::autograd::grad(
      {2 * teacher_forced_loss(w.value, w.key_query, e.prompts.context, e.path, scales)}, parameters);
  const auto once = torch::autograd::grad({prefix_loss(w, e, scales)}, parameters);
  EXPECT_LT(largest_difference(doubled[0], 2 * once[0]), 1e-10);
}

TEST(TeacherForcing, VanishesAtGradientDescentByHand) {
  torch::manual_seed(7);
  const Example e = make_example(64, 10, 20, 10, 0.4);
  const Weights w = descent_weights(10, 0.4);
  for (const Evaluate evaluate : {&teacher_forced_by_tensors, &teacher_forced_in_lanes})
    EXPECT_LT(evaluate(w.value, w.key_query, e.prompts.context, e.path, constant(20, 10), false).loss.item<double>(),
              1e-24);
}

/// On A = aI, B = bI, c = −1 with p = a(b − 1), q = ab + η: L = ½(α·p² − 2β·p·q + γ·q²), α = k·tr S², β = Σ tr S²Mⁱ, γ
/// = Σ tr S²M²ⁱ for w* of covariance I; here for one X, with the average over w* taken exactly by its unit vectors.
TEST(TeacherForcing, IsotropicSliceIsAQuadraticForm) {
  torch::manual_seed(8);
  constexpr std::int64_t d = 10, n = 20, k = 10;
  constexpr double eta = 0.4;
  const at::Tensor x = at::randn({d, n}, at::kDouble), identity = at::eye(d, at::kDouble);
  const at::Tensor s = x.mm(x.t()) / static_cast<double>(n), m = identity - eta * s;
  double alpha = 0, beta = 0, gamma = 0;
  for (std::int64_t i = 0; i < k; ++i) {
    alpha += s.mm(s).trace().item<double>();
    beta += s.mm(s).mm(at::matrix_power(m, i)).trace().item<double>();
    gamma += s.mm(s).mm(at::matrix_power(m, 2 * i)).trace().item<double>();
  }
  // w* = e_1 … e_d on the same X: the sum over prompts of wᵀ·Q·w is tr Q.
  const at::Tensor context = at::cat({x.expand({d, d, n}), identity.mm(x).unsqueeze(1)}, 1).contiguous();
  std::vector<at::Tensor> path;
  for (std::int64_t i = 0; i <= k; ++i) path.push_back((identity - at::matrix_power(m, i)).t());
  const at::Tensor tokens = at::stack(path, 1).contiguous();
  for (const auto& [a, b] : {std::pair{-0.25, 0.25}, {0.1, -0.7}, {0.0, 3.0}, {-0.4, 1.0}}) {
    Weights w = descent_weights(d, -a);
    w.key_query.narrow(0, 0, d).narrow(1, d + 1, d).mul_(b);
    const double p = a * (b - 1), q = a * b + eta;
    const double expected = 0.5 * (alpha * p * p - 2 * beta * p * q + gamma * q * q);
    const double got =
        teacher_forced_in_lanes(w.value, w.key_query, context, tokens, constant(n, k), false).loss.item<double>() * d;
    EXPECT_NEAR(got, expected, 1e-9 * std::max(1.0, expected)) << a << " " << b;
  }
}

}  // namespace
}  // namespace talweg::models
