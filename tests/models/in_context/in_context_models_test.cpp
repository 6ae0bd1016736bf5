// Decoding, loops and the softmax transformers against explicit prompt matrices and gradient descent.
#include <gtest/gtest.h>

#include "models/in_context/label_loop.h"
#include "models/in_context/linear_transformer.h"
#include "models/in_context/prompt_embedding.h"
#include "models/in_context/prompts_of_test.h"
#include "models/in_context/softmax_transformer.h"
#include "models/in_context/weight_loop.h"

namespace talweg::models {
namespace {

AttentionOptions by_hand(double eta) {
  AttentionOptions options;
  options.initialization = AttentionInitialization::descent;
  options.step_size = eta;
  return options;
}

/// Tokens appended one by one to the whole prompt matrix.
at::Tensor decode_by_definition(const at::Tensor& value, const at::Tensor& key_query, const Prompts& prompts,
                                const Scales& scales, Decoding mode) {
  const std::int64_t d = prompts.dimension();
  at::Tensor z = embed(prompts, initial_weights(prompts));
  std::vector<at::Tensor> weights;
  for (const double scale : scales) {
    at::Tensor output = last_column(value, key_query, z, scale);
    weights.push_back(output.narrow(1, d + 1, d));
    if (mode == Decoding::projected) {
      output.narrow(1, 0, d + 1).zero_();
      output.select(1, 2 * d + 1).fill_(1.0);
    }
    z = at::cat({z, output.unsqueeze(2)}, 2);
  }
  return at::stack(weights, 1);
}

TEST(Decoding, GrowingGramMatrixEqualsGrowingPrompt) {
  torch::manual_seed(1);
  constexpr std::int64_t d = 4, n = 7, steps = 9;
  const std::int64_t size = PromptLayout{d}.size();
  const Example e = make_example(21, d, n, 1, 0.4);
  const at::Tensor v = 0.2 * at::randn({size, size}, at::kDouble), w = 0.2 * at::randn({size, size}, at::kDouble);
  Scales scales;
  for (std::int64_t i = 0; i < steps; ++i) scales.push_back(1.0 / static_cast<double>(n + 1 + i));
  for (const Decoding mode : {Decoding::raw, Decoding::projected}) {
    const at::Tensor expected = decode_by_definition(v, w, e.prompts, scales, mode);
    const double tolerance = 1e-11 * std::max(1.0, expected.abs().max().item<double>());
    EXPECT_LT(largest_difference(decode_by_tensors(v, w, e.prompts, scales, mode), expected), tolerance);
    EXPECT_LT(largest_difference(decode_in_lanes(v, w, e.prompts, scales, mode), expected), tolerance);
  }
  EXPECT_GT(largest_difference(decode_in_lanes(v, w, e.prompts, scales, Decoding::raw),
                               decode_in_lanes(v, w, e.prompts, scales, Decoding::projected)),
            1e-6)
      << "the modes differ for weights that are not those of gradient descent";
}

TEST(LinearTransformer, DecodesGradientDescentOfAnyLength) {
  torch::manual_seed(2);
  const Example e = make_example(50, 10, 20, 40, 0.4);
  const at::Tensor exact = e.path.narrow(1, 1, 40);
  for (const Parametrisation kind : {Parametrisation::dense, Parametrisation::sparse})
    for (const Decoding mode : {Decoding::raw, Decoding::projected}) {
      AttentionOptions options = by_hand(0.4);
      options.parametrisation = kind;
      LinearTransformer model({options, mode}, {10, 20, 10});
      torch::NoGradGuard no_grad;
      EXPECT_LT(largest_difference(model.answers(e.prompts, 40), exact), 1e-12);
      EXPECT_LT(model.path_loss(e.prompts, e.path).item<double>(), 1e-24);
    }
  const Example single = make_example(50, 10, 20, 40, 0.4, at::kFloat);
  LinearTransformer model({by_hand(0.4), Decoding::raw}, {10, 20, 10});
  model.to(at::kFloat);
  torch::NoGradGuard no_grad;
  EXPECT_LT(largest_difference(model.answers(single.prompts, 40), single.path.narrow(1, 1, 40)), 1e-4);
}

/// ŵ_{i+1} = ŵ_i + A·S·(B·ŵ_i − w*), for any A and B.
TEST(LinearTransformer, SparseParametrisationIsItsRecursion) {
  torch::manual_seed(3);
  constexpr std::int64_t d = 5, n = 8, k = 4;
  AttentionOptions options;
  options.parametrisation = Parametrisation::sparse;
  options.init_std = 0.5;
  LinearTransformer model({options, Decoding::raw}, {d, n, k});
  const auto parameters = model.named_parameters();
  ASSERT_EQ(parameters.size(), 2u) << "c is frozen at −1";
  const at::Tensor a = parameters["attention.V31"].detach(), b = parameters["attention.W13"].detach();
  const Example e = make_example(6, d, n, k, 0.3);
  const at::Tensor x = e.prompts.inputs(), s = x.matmul(x.transpose(1, 2)) / static_cast<double>(n);
  at::Tensor w = at::zeros({6, d, 1}, at::kDouble);
  const at::Tensor answers = model.answers(e.prompts, k).detach();
  for (std::int64_t i = 0; i < k; ++i) {
    w = w + a.matmul(s).matmul(b.matmul(w) - e.weights.unsqueeze(2));
    EXPECT_LT(largest_difference(answers.select(1, i), w.squeeze(2)), 1e-12);
  }
  // ŵ_k − w* = −(I + Σ_{i<k} (I + A·S·B)^i·A·S)·w* (Javanmard et al. 2026, proposition 6.1).
  const at::Tensor identity = at::eye(d, at::kDouble);
  at::Tensor sum = identity.expand({6, d, d});
  for (std::int64_t i = 0; i < k; ++i)
    sum = sum + at::matrix_power(identity + a.matmul(s).matmul(b), i).matmul(a).matmul(s);
  EXPECT_LT(largest_difference(answers.select(1, k - 1) - e.weights, -sum.matmul(e.weights.unsqueeze(2)).squeeze(2)),
            1e-12);
}

/// Training through decoding (outcome supervision) sees the derivative of what is decoded without a graph.
TEST(LinearTransformer, DecodingIsDifferentiable) {
  torch::manual_seed(4);
  AttentionOptions options;
  options.init_std = 0.15;
  LinearTransformer model({options, Decoding::raw}, {3, 5, 4});
  const Example e = make_example(8, 3, 5, 4, 0.3);
  const auto value = [&] { return (model.answers(e.prompts, 4).select(1, 3) - e.weights).square().sum(); };
  value().backward();
  torch::NoGradGuard no_grad;
  constexpr double h = 1e-6;
  for (at::Tensor& parameter : model.parameters()) {
    const at::Tensor direction = at::randn_like(parameter);
    const double slope = (parameter.grad() * direction).sum().item<double>();
    parameter.add_(direction, h);
    const double ahead = value().item<double>();
    parameter.add_(direction, -2 * h);
    const double behind = value().item<double>();
    parameter.add_(direction, h);
    EXPECT_NEAR((ahead - behind) / (2 * h), slope, 1e-6 * std::max(1.0, std::abs(slope)));
  }
}

TEST(AttentionWeights, Options) {
  torch::manual_seed(5);
  AttentionOptions options;
  options.zero_unused_w_columns = true;
  options.freeze_w24 = true;
  AttentionWeights dense(options, 3);
  EXPECT_TRUE(at::equal(dense.key_query().narrow(1, 0, 4), at::zeros({8, 4}, at::kDouble)));
  EXPECT_EQ(dense.key_query()[3][7].item<double>(), -1);
  dense.key_query().sum().backward();
  EXPECT_EQ(dense.named_parameters()["W"].grad()[3][7].item<double>(), 0) << "the frozen entry is not trained";
  EXPECT_EQ(dense.named_parameters()["W"].grad()[3][6].item<double>(), 1);

  options = by_hand(0.4);
  options.initialization = AttentionInitialization::aligned;
  options.init_scale = 0.25;
  options.init_spread = 0.5;
  AttentionWeights aligned(options, 4);
  const at::Tensor a = aligned.value().narrow(0, 5, 4).narrow(1, 0, 4),
                   b = aligned.key_query().narrow(0, 0, 4).narrow(1, 5, 4);
  EXPECT_LT(largest_difference(a, -b), 1e-15);
  const at::Tensor eigenvalues = at::linalg_eigvalsh(b.detach());
  EXPECT_LT(largest_difference(eigenvalues, 0.25 * at::linspace(0.5, 1.5, 4, at::kDouble)), 1e-12);
  EXPECT_GT(largest_difference(b, b.diagonal().diag()), 1e-3) << "turned away from the axes";

  const auto numbers = AttentionWeights(by_hand(0.3), 4).diagnostics();
  EXPECT_NEAR(numbers[2].second, -0.3, 1e-15);
  EXPECT_NEAR(numbers[3].second, -1, 1e-15);
  EXPECT_EQ(numbers[4].second, 0);
}

TEST(WeightLoop, WithTheWeightsOfDescentEqualsDecoding) {
  torch::manual_seed(6);
  const Example e = make_example(12, 10, 20, 15, 0.4);
  WeightLoop loop({by_hand(0.4)}, {10, 20, 15});
  EXPECT_LT(largest_difference(loop.answers(e.prompts, 15), e.path.narrow(1, 1, 15)), 1e-12);
  EXPECT_LT(loop.path_loss(e.prompts, e.path).item<double>(), 1e-24);
}

TEST(WeightLoop, ReplacesTheLastColumn) {
  torch::manual_seed(7);
  AttentionOptions options;
  options.init_std = 0.2;
  WeightLoop loop({options}, {4, 6, 3});
  const Example e = make_example(5, 4, 6, 1, 0.4);
  at::Tensor z = embed(e.prompts, initial_weights(e.prompts));
  const at::Tensor answers = loop.answers(e.prompts, 3);
  const auto matrices = loop.matrices();
  for (std::int64_t i = 0; i < 3; ++i) {
    const at::Tensor output = last_column(matrices[0].second, matrices[1].second, z, 1.0 / 6);
    z = at::cat({z.narrow(2, 0, 6), output.unsqueeze(2)}, 2);
    EXPECT_LT(largest_difference(answers.select(1, i), output.narrow(1, 5, 4)), 1e-12);
  }
}

TEST(WeightLoop, WithTheNormalizerOfLengthsCountsItsToken) {
  torch::manual_seed(12);
  AttentionOptions options;
  options.init_std = 0.2;
  options.normalizer = Normalizer::length;
  WeightLoop loop({options}, {4, 6, 1});
  const Example e = make_example(5, 4, 6, 1, 0.4);
  const at::Tensor z = embed(e.prompts, initial_weights(e.prompts));
  const auto matrices = loop.matrices();
  const at::Tensor output = last_column(matrices[0].second, matrices[1].second, z, 1.0 / 7);
  EXPECT_LT(largest_difference(loop.answers(e.prompts, 1).select(1, 0), output.narrow(1, 5, 4)), 1e-12);
}

TEST(LabelLoop, WithTheWeightsOfDescentTakesItsSteps) {
  torch::manual_seed(8);
  constexpr std::int64_t loops = 7;
  constexpr double a = 0.3;
  const Example e = make_example(9, 10, 20, loops, a);
  LabelLoopOptions options;
  options.initialization = LoopInitialization::descent;
  options.step_size = a;
  LabelLoop loop(options, {10, 20, loops});
  torch::NoGradGuard no_grad;
  options.parametrisation = Parametrisation::sparse;
  LabelLoop sparse(options, {10, 20, loops});
  EXPECT_EQ(sparse.parameters().size(), 1u);
  EXPECT_LT(largest_difference(sparse.answers(e.prompts, loops), loop.answers(e.prompts, loops)), 1e-14);
  const at::Tensor labels = loop.answers(e.prompts, loops);
  EXPECT_LT(largest_difference(labels, loop.answers_of(e.path.narrow(1, 1, loops), e.prompts)), 1e-12);
  // The context labels hold the residuals w*ᵀ(I − aS)^L·x_i.
  const at::Tensor residual = e.weights - e.path.select(1, loops);
  EXPECT_LT(largest_difference(loop.run(e.prompts, loops).select(1, 10).narrow(1, 0, 20),
                               residual.unsqueeze(1).matmul(e.prompts.inputs()).squeeze(1)),
            1e-12);
}

/// Z ← Z − (1/n)·P·Z·J·(Zᵀ·Q·Z) with every layer's own P and Q.
TEST(LabelLoop, LayersFollowTheirDefinition) {
  torch::manual_seed(9);
  LabelLoopOptions options;
  options.layers = 3;
  options.init_std = 0.3;
  options.train_label_entry = true;
  LabelLoop loop(options, {4, 6, 3});
  const Example e = make_example(5, 4, 6, 1, 0.3);
  at::Tensor z = at::cat({e.prompts.context, at::constant_pad_nd(e.prompts.query, {0, 1}).unsqueeze(2)}, 2);
  at::Tensor mask = at::ones({7}, at::kDouble);
  mask[6] = 0.0;
  const auto matrices = loop.matrices();
  ASSERT_EQ(matrices.size(), 6u);
  const at::Tensor answers = loop.answers(e.prompts, 4);
  for (std::int64_t step = 0; step < 4; ++step) {
    const auto layer = static_cast<std::size_t>(step % 3);  // the fourth step loops
    const at::Tensor p = matrices[2 * layer].second, q = matrices[2 * layer + 1].second;
    z = z - p.matmul((z * mask).matmul(z.transpose(1, 2).matmul(q.matmul(z)))) / 6;
    EXPECT_LT(largest_difference(answers.select(1, step).squeeze(1), -z.select(1, 4).select(1, 6)), 1e-12);
  }
}

TEST(LabelLoop, HoldsTheLabelEntry) {
  LabelLoop loop({}, {4, 6, 3});
  EXPECT_EQ(loop.matrices()[0].second[4][4].item<double>(), 1);
  loop.answers(make_example(5, 4, 6, 1, 0.3).prompts, 2).sum().backward();
  EXPECT_EQ(loop.parameters()[0].grad()[4][4].item<double>(), 0);
  EXPECT_NE(loop.parameters()[0].grad()[4][0].item<double>(), 0);
}

TEST(SoftmaxTransformer, TeacherForcingOnItsOwnAnswersIsDecoding) {
  torch::manual_seed(10);
  SoftmaxTransformer model({{16, 2, 2}}, {3, 5, 4});
  model.to(at::kDouble);
  torch::NoGradGuard no_grad;
  const Example e = make_example(6, 3, 5, 4, 0.3);
  const at::Tensor answers = model.answers(e.prompts, 4);
  const at::Tensor own = at::cat({initial_weights(e.prompts), answers}, 1);
  EXPECT_LT(model.path_loss(e.prompts, own).item<double>(), 1e-24);
  EXPECT_GT(model.path_loss(e.prompts, e.path).item<double>(), 1e-3);
}

TEST(SoftmaxTransformer, ItsLossIsHalfTheSquaredErrorOfTheTokens) {
  torch::manual_seed(13);
  SoftmaxTransformer model({{16, 2, 2}}, {3, 5, 4});
  model.to(at::kDouble);
  torch::NoGradGuard no_grad;
  const Example e = make_example(6, 3, 5, 4, 0.3);
  const at::Tensor first = model.answers(e.prompts, 1).select(1, 0), target = e.path.select(1, 1);
  EXPECT_NEAR(model.path_loss(e.prompts, e.path.narrow(1, 0, 2)).item<double>(),
              0.5 * (first - target).square().sum(1).mean().item<double>(), 1e-14);
}

TEST(SoftmaxTransformer, BeginsAsGpt2) {
  torch::manual_seed(14);
  const SoftmaxTransformer model({{64, 4, 8}}, {3, 5, 4});
  for (const auto& parameter : model.named_parameters()) {
    const std::string& name = parameter.key();
    if (!name.ends_with("project.weight") && !name.ends_with("narrow.weight") && !name.ends_with("mix.weight"))
      continue;
    // Eight additions to the residual stream of four layers.
    const double expected = name.ends_with("mix.weight") ? 0.02 : 0.02 / std::sqrt(8.0);
    EXPECT_NEAR(parameter.value().std().item<double>() / expected, 1, 0.05) << name;
  }
}

TEST(LabelTransformer, SeesOnlyTheExamplesBefore) {
  torch::manual_seed(11);
  LabelTransformer model({{16, 2, 2}}, {3, 5, 1});
  model.to(at::kDouble);
  torch::NoGradGuard no_grad;
  const Example e = make_example(6, 3, 5, 1, 0.3);
  // The label after m examples is that of a prompt cut to m examples with x_{m+1} as the query.
  Prompts cut = e.prompts.with_examples(2);
  cut.query = e.prompts.inputs().select(2, 2);
  Prompts changed = e.prompts;
  changed.context = e.prompts.context.clone();
  changed.context.select(2, 4).fill_(7.0);
  const at::Tensor path = at::stack({at::zeros_like(e.weights), e.weights}, 1);
  EXPECT_LT(largest_difference(model.answers(cut, 1), model.answers({changed.context.narrow(2, 0, 2), cut.query}, 1)),
            1e-15);
  EXPECT_NE(model.answers(changed, 1)[0].item<double>(), model.answers(e.prompts, 1)[0].item<double>());
  // The loss averages the n + 1 squared errors.
  double sum = 0;
  for (std::int64_t m = 0; m <= 5; ++m) {
    Prompts prefix = e.prompts.with_examples(m);
    if (m < 5) prefix.query = e.prompts.inputs().select(2, m);
    const at::Tensor truth = model.answers_of(e.weights.unsqueeze(1), prefix);
    sum += (model.answers(prefix, 1) - truth).square().mean().item<double>();
  }
  EXPECT_NEAR(model.path_loss(e.prompts, path).item<double>(), 0.5 * sum / 6, 1e-12);
}

}  // namespace
}  // namespace talweg::models
