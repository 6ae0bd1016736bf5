// Prompts, losses and evaluations of in-context regression against the closed forms of their expectations. With S =
// XXᵀ/n of Gaussian X and M = I − ηS: E tr S^m are the moments of the Wishart law, E‖w_T − w*‖² = E tr M^{2T}.
#include <gtest/gtest.h>

#include <array>

#include "core/error.h"
#include "core/libtorch.h"
#include "tasks/descent.h"
#include "tasks/in_context_regression/in_context_regression.h"

namespace talweg::tasks {
namespace {

Covariance isotropic(std::int64_t d, double scale = 1) {
  return {std::vector<double>(static_cast<std::size_t>(d), scale), {}};
}

PromptLaw law(double eta, std::int64_t k, std::int64_t d = 10, std::int64_t n = 20) {
  PromptLaw law;
  law.dimension = d;
  law.examples = n;
  law.steps = k;
  law.step_size = eta;
  law.covariance = isotropic(d);
  return law;
}

DrawnPrompts draw(const PromptLaw& law, std::int64_t count, at::ScalarType dtype = at::kDouble) {
  return draw_prompts(law, count, RandomStreams(11), "test", at::kCPU, dtype);
}

at::Tensor covariance_of(const DrawnPrompts& drawn) {
  const at::Tensor x = drawn.prompts.inputs();
  return x.matmul(x.transpose(1, 2)) / static_cast<double>(drawn.prompts.examples());
}

double largest(const at::Tensor& tensor) {
  return tensor.abs().max().item<double>();
}

/// ‖w_T − w*‖² per prompt.
at::Tensor descent_errors(const DrawnPrompts& drawn, std::int64_t steps) {
  return (drawn.path.select(1, steps) - drawn.weights).square().sum(1);
}

double value(const Metrics& metrics, const std::string& name) {
  for (const auto& [key, number] : metrics)
    if (key == name) return number;
  ADD_FAILURE() << "no metric '" << name << "'";
  return NAN;
}

TEST(Prompts, AreWhatTheLawSays) {
  for (const at::ScalarType dtype : {at::kDouble, at::kFloat}) {
    const double rounding = dtype == at::kDouble ? 1e-12 : 1e-4;
    const DrawnPrompts drawn = draw(law(0.4, 12), 101, dtype);  // fills lanes unevenly
    const at::Tensor y = drawn.weights.unsqueeze(1).matmul(drawn.prompts.inputs()).squeeze(1);
    EXPECT_LT(largest(drawn.prompts.labels() - y), rounding);
    const at::Tensor m = at::eye(10, y.options()) - 0.4 * covariance_of(drawn);
    for (std::int64_t i = 0; i <= 12; ++i) {  // w_i = (I − M^i)·w*
      const at::Tensor left = at::matrix_power(m, i).matmul(drawn.weights.unsqueeze(2)).squeeze(2);
      EXPECT_LT(largest(drawn.path.select(1, i) - (drawn.weights - left)), rounding);
    }
    EXPECT_EQ(drawn.prompts.context.scalar_type(), dtype);
  }
  EXPECT_LT(largest(draw(law(0.4, 3), 9).path - draw(law(0.4, 3), 9, at::kFloat).path), 1e-6)
      << "both precisions see the same prompts";
}

TEST(Prompts, MomentsOfTheWishartLaw) {
  const at::Tensor s = covariance_of(draw(law(0.4, 1), 40000));
  const std::array<double, 4> expected{10, 15.5, 29.85, 65.0625};
  at::Tensor power = s;
  for (std::size_t m = 0; m < 4; ++m) {
    const at::Tensor traces = power.diagonal(0, 1, 2).sum(1);
    const double error = traces.std().item<double>() / std::sqrt(40000.0);
    EXPECT_NEAR(traces.mean().item<double>(), expected[m], 4 * error) << m + 1;
    power = power.matmul(s);
  }
}

TEST(Prompts, IdealPathNoiseAndQueries) {
  PromptLaw ideal = law(0.3, 5);
  ideal.path = PathSource::ideal;
  const DrawnPrompts drawn = draw(ideal, 20);
  for (std::int64_t i = 0; i <= 5; ++i)
    EXPECT_LT(largest(drawn.path.select(1, i) - (1 - std::pow(0.7, i)) * drawn.weights), 1e-14);

  PromptLaw noisy = law(0.3, 5);
  noisy.noise = 0.5;
  const DrawnPrompts blurred = draw(noisy, 4000);
  const at::Tensor clean = blurred.weights.unsqueeze(1).matmul(blurred.prompts.inputs()).squeeze(1);
  EXPECT_NEAR((blurred.prompts.labels() - clean).std().item<double>(), 0.5, 0.01);
  const at::Tensor x = blurred.prompts.inputs();
  const at::Tensor first = 0.3 / 20 * x.matmul(blurred.prompts.labels().unsqueeze(2)).squeeze(2);
  EXPECT_LT(largest(blurred.path.select(1, 1) - first), 1e-12) << "descent sees the noisy labels";
  EXPECT_NEAR(blurred.prompts.query.square().mean().item<double>(), 1, 0.05);
}

TEST(Prompts, CovarianceOfTheInputs) {
  register_covariances();
  const auto make = [](const char* text, std::int64_t d) {
    config::Component<CovarianceKind> component;
    config::Diagnostics diagnostics;
    component.parse(config::parse_yaml(text, "test"), diagnostics, "covariance");
    diagnostics.throw_if_any();
    return component.create(d, RandomStreams(5));
  };
  PromptLaw shifted = law(0.4, 1);
  shifted.covariance = make("{type: spread, low: 0.5, high: 1.5}", 10);
  ASSERT_TRUE(shifted.covariance.rotation.defined());
  const at::Tensor factor = shifted.covariance.factor();
  EXPECT_LT(largest(at::linalg_eigvalsh(factor.mm(factor.t())) - at::linspace(0.5, 1.5, 10, at::kDouble)), 1e-12);
  const DrawnPrompts drawn = draw(shifted, 20000);
  EXPECT_LT(largest(covariance_of(drawn).mean(0) - factor.mm(factor.t())), 0.02);
  EXPECT_LT(largest(drawn.prompts.query.t().mm(drawn.prompts.query) / 20000 - factor.mm(factor.t())), 0.05);

  const Covariance list = make("{type: eigenvalues, values: [4, 1, 0.5]}", 3);
  EXPECT_EQ(list.eigenvalues, (std::vector<double>{4, 1, 0.5}));
  EXPECT_THROW(make("{type: eigenvalues, values: [1, 2]}", 3), ConfigError);
  EXPECT_THROW(make("{type: eigenvalues, values: [1, -2, 3]}", 3), ConfigError);
  EXPECT_THROW(make("{type: spread, low: 2, high: 1}", 3), ConfigError);
  // The best single step for Σ = I: n/(n + d + 1)·I and d(d + 1)/(n + d + 1).
  EXPECT_NEAR(isotropic(10).single_step_error(20), 110.0 / 31, 1e-12);
  EXPECT_LT(largest(isotropic(10).best_single_step(20) - 20.0 / 31 * at::eye(10, at::kDouble)), 1e-12);
}

TEST(Prompts, AStepIsAFunctionOfSeedStepAndIndex) {
  const PromptStream stream(law(0.4, 4), {}, 1000, RandomStreams(3), at::kCPU, at::kDouble);
  const std::vector<std::int64_t> all{5, 9, 100, 3, 77, 12, 500, 2, 1, 0, 999}, some{100, 0};
  const data::Batch whole = stream.batch(all, 7), part = stream.batch(some, 7), again = stream.batch(all, 8);
  for (std::size_t t = 0; t < whole.tensors.size(); ++t) {
    EXPECT_TRUE(at::equal(part.tensors[t][0], whole.tensors[t][2]));
    EXPECT_TRUE(at::equal(part.tensors[t][1], whole.tensors[t][9]));
  }
  EXPECT_GT(largest(whole.tensors[0] - again.tensors[0]), 0.1) << "the next step sees other prompts";
}

TEST(Prompts, Curriculum) {
  Curriculum curriculum;
  curriculum.dimension = Growth{5, 1, 10};
  curriculum.examples = Growth{11, 2, 10};
  const PromptStream stream(law(0.4, 4), curriculum, 1000, RandomStreams(3), at::kCPU, at::kDouble);
  const std::vector<std::int64_t> indices{0, 1, 2};
  for (const auto& [step, d, n] : {std::tuple{0, 5, 11}, {9, 5, 11}, {10, 6, 13}, {25, 7, 15}, {1000, 10, 20}}) {
    const DrawnPrompts drawn = DrawnPrompts::from_batch(stream.batch(indices, step));
    EXPECT_EQ(drawn.prompts.examples(), n);
    EXPECT_EQ((drawn.prompts.inputs().abs().amax({0, 2}) > 0).sum().item<std::int64_t>(), d);
    EXPECT_EQ((drawn.weights.abs().amax(0) > 0).sum().item<std::int64_t>(), d);
    const at::Tensor y = drawn.weights.unsqueeze(1).matmul(drawn.prompts.inputs()).squeeze(1);
    EXPECT_LT(largest(drawn.prompts.labels() - y), 1e-12);
  }
}

/// E tr M^{2T} at d = 10, n = 20: exact for T = 1, 2.
TEST(InContextRegression, ErrorsOfGradientDescent) {
  const DrawnPrompts drawn = draw(law(0.4, 40), 40000);
  const auto mean = [&](std::int64_t steps) { return descent_errors(drawn, steps).mean().item<double>(); };
  EXPECT_NEAR(mean(1), 4.48, 0.05);
  EXPECT_NEAR(mean(2), 2.904, 0.045);
  EXPECT_NEAR(mean(10), 0.5388, 0.015);
  EXPECT_NEAR(mean(20), 0.1636, 0.008);
  const at::Tensor m = at::eye(10, at::kDouble) - 0.4 * covariance_of(drawn).narrow(0, 0, 20000);
  EXPECT_NEAR(at::matrix_power(m, 80).diagonal(0, 1, 2).sum(1).median().item<double>(), 0.0124, 0.0006);
  const at::Tensor fast = at::eye(10, at::kDouble) - 20.0 / 31 * covariance_of(drawn).narrow(0, 0, 20000);
  const at::Tensor traces = at::matrix_power(fast, 40).diagonal(0, 1, 2).sum(1);
  EXPECT_GT(traces.mean().item<double>(), 10) << "the tail: prompts on which the one-step optimum diverges";
  EXPECT_NEAR(traces.median().item<double>(), 0.034, 0.002);
}

TEST(InContextRegression, CovarianceShift) {
  PromptLaw shifted = law(0.4, 10);
  for (std::size_t i = 0; i < 10; ++i) shifted.covariance.eigenvalues[i] = 0.5 + static_cast<double>(i) / 9;
  const DrawnPrompts drawn = draw(shifted, 40000);
  EXPECT_NEAR(descent_errors(drawn, 1).mean().item<double>(), 4.6511, 0.05);
  EXPECT_NEAR(descent_errors(drawn, 10).mean().item<double>(), 0.662, 0.02);

  PromptLaw wide = law(0.4, 1);
  wide.covariance = isotropic(10, 2);
  const at::Tensor unstable = at::linalg_eigvalsh(covariance_of(draw(wide, 20000))).select(1, 9) > 2 / 0.4;
  EXPECT_NEAR(unstable.to(at::kDouble).mean().item<double>(), 0.42, 0.02);

  // (Σ = s·I, η) and (Σ = I, s·η) take the same steps.
  PromptLaw half = law(0.4, 8), slow = law(0.2, 8);
  half.covariance = isotropic(10, 0.5);
  EXPECT_LT(largest(draw(half, 300).path - draw(slow, 300).path), 1e-10);
}

/// A single step a·S·w*: ½(d − 2a·E tr S + a²·E tr S²), least at a = n/(n + d + 1).
TEST(InContextRegression, FloorOfASingleStep) {
  for (const auto& [a, expected] : {std::pair{20.0 / 31, 1.774194}, {0.5, 1.9375}, {0.8, 1.96}}) {
    Descent run(
        fmt::format("{{type: in_context_regression, supervision: direct, evaluation: {{prompts: 200000}}, model: "
                    "{{type: linear_transformer, initialization: descent, step_size: {}}}}}",
                    a),
        "sgd");
    const Metrics metrics = run.task().evaluate();
    EXPECT_NEAR(value(metrics, "loss"), expected, 0.01) << a;
    EXPECT_NEAR(value(metrics, "objective"), value(metrics, "loss"), 1e-12) << "the other rows are right";
    EXPECT_NEAR(value(metrics, "single_step"), 110.0 / 31, 0.02);
    if (a == 20.0 / 31) {
      EXPECT_NEAR(value(metrics, "error_1"), value(metrics, "single_step"), 1e-10);
    }
  }
}

/// The exact weights have exactly the errors of gradient descent, at lengths they were not trained for.
TEST(InContextRegression, EvaluationBesideGradientDescent) {
  Descent run(
      "{type: in_context_regression, evaluation: {prompts: 20000, steps: [1, 2, 20, 40], shift: {type: spread}}, "
      "model: {type: linear_transformer, initialization: descent}}",
      "sgd");
  const Metrics metrics = run.task().evaluate();
  EXPECT_LT(value(metrics, "objective"), 1e-24);
  EXPECT_NEAR(value(metrics, "product_v31_w13"), -0.4, 1e-15);
  for (const int t : {1, 2, 10, 20, 40})
    for (const char* prefix : {"", "shifted_"}) {
      const auto named = [&](const char* what) { return value(metrics, fmt::format("{}{}_{}", prefix, what, t)); };
      EXPECT_NEAR(named("over_descent"), 1, 1e-9) << prefix << t;
      EXPECT_NEAR(named("median"), named("descent_median"), 1e-12);
      EXPECT_LT(named("trimmed"), named("error"));
      EXPECT_GT(named("trimmed"), named("median"));
    }
  EXPECT_NEAR(value(metrics, "error_1"), 4.48, 0.06);
  EXPECT_NEAR(value(metrics, "median_10"), 0.332, 0.015);
  EXPECT_NEAR(value(metrics, "median_40"), 0.0047, 0.0006);
  EXPECT_NEAR(value(metrics, "shifted_error_1"), 4.651, 0.07);
  EXPECT_NEAR(value(metrics, "loss"), value(metrics, "error_10") / 2, 1e-12);
}

/// The ideal path cannot be followed: at V_31 = −η·n/(n + d + 1)·I, W_13 = I the loss is ½η²·c_k·d(d + 1)/(n + d + 1),
/// c_k = Σ_{i<k} (1 − η)^{2i}, and no smaller step or larger one does better.
TEST(InContextRegression, IdealPath) {
  const auto loss = [](double step) {
    Descent run(
        fmt::format("{{type: in_context_regression, cot_path: ideal, evaluation: {{prompts: 20000}}, model: {{type: "
                    "linear_transformer, initialization: descent, step_size: {}}}}}",
                    step),
        "sgd");
    return value(run.task().evaluate(), "objective");
  };
  const double best = 0.4 * 20 / 31;
  EXPECT_NEAR(loss(best), 0.44352, 0.01);
  EXPECT_GT(loss(best - 0.02), loss(best));
  EXPECT_GT(loss(best + 0.02), loss(best));
}

/// Loops with the weights of descent: d − 4aE₁ + 6a²E₂ − 4a³E₃ + a⁴E₄ after two.
TEST(InContextRegression, LoopedLosses) {
  for (const char* model : {"weight_loop", "label_loop"}) {
    Descent run(
        fmt::format("{{type: in_context_regression, supervision: outcome, steps: 2, step_size: 0.628077, evaluation: "
                    "{{prompts: 40000}}, model: {{type: {}, initialization: descent, step_size: 0.628077}}}}",
                    model),
        "sgd");
    const Metrics metrics = run.task().evaluate();
    EXPECT_NEAR(value(metrics, "error_2"), 2.105277, 0.12) << model;
    EXPECT_NEAR(value(metrics, "objective"), value(metrics, "error_2") / 2, 1e-10);
    EXPECT_NEAR(value(metrics, "over_descent_2"), 1, 1e-9) << "descent is measured as the model answers";
  }
}

at::Tensor loss_of(const std::string& options) {
  Descent run(
      "{type: in_context_regression, dimension: 3, examples: 6, steps: 4, evaluation: {prompts: 10}, " + options + "}",
      "sgd");
  const std::vector<std::int64_t> indices{0, 1, 2, 3, 4, 5, 6, 7, 8};
  return run.task().loss(run.task().training_data().batch(indices, 0)).detach();
}

TEST(InContextRegression, Supervision) {
  const std::string model = "model: {type: linear_transformer, initialization: aligned}";
  const auto number = [&](const std::string& options) { return loss_of(options + ", " + model).item<double>(); };
  // Half of the mean over the last steps, from the model's own answers.
  Descent run(
      "{type: in_context_regression, dimension: 3, examples: 6, steps: 4, evaluation: {prompts: 10}, " + model + "}",
      "sgd");
  const std::vector<std::int64_t> indices{0, 1, 2, 3, 4, 5, 6, 7, 8};
  const DrawnPrompts drawn = DrawnPrompts::from_batch(run.task().training_data().batch(indices, 0));
  auto& learner = dynamic_cast<InContextRegression&>(run.task()).model();
  const at::Tensor errors =
      (learner.answers(drawn.prompts, 4) - drawn.weights.unsqueeze(1)).square().sum(2).mean(0).detach();
  EXPECT_NEAR(number("supervision: outcome"), 0.5 * errors[3].item<double>(), 1e-12);
  EXPECT_NEAR(number("supervision: outcome, last_steps: 3"), 0.5 * errors.narrow(0, 1, 3).mean().item<double>(), 1e-12);
  EXPECT_NEAR(number("step_reduction: mean"), number("step_reduction: sum") / 4, 1e-12);
  EXPECT_NEAR(number("supervision: direct"), 0.5 * errors[0].item<double>(), 1e-12);
}

std::string complaint(const std::string& options) {
  try {
    Descent("{type: in_context_regression, " + options + "}", "sgd");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(InContextRegression, MistakesAreNamed) {
  const auto expect = [](const std::string& options, const std::string& words) {
    EXPECT_NE(complaint(options).find(words), std::string::npos) << options << ": " << complaint(options);
  };
  expect("steps: 0", "'steps' must be at least 1");
  expect("examples: 0", "'examples' must be at least 1");
  expect("dimension: 0", "'dimension' must be at least 1");
  expect("step_size: 0", "'step_size' must be above 0");
  expect("covariance: {type: eigenvalues, values: [1, -1]}", "'values' must be at least 0");
  expect("covariance: {type: eigenvalues, values: [1, 1]}", "2 eigenvalues, 'dimension' is 10");
  expect("covariance: {type: isotropic, scale: 0}", "'scale' must be above 0");
  expect("last_steps: 2", "'last_steps' is for 'supervision: outcome'");
  expect("supervision: outcome, steps: 3, last_steps: 4", "'last_steps' is 4, and there are 3 steps");
  expect("curriculum: {dimension: {start: 11}}", "'curriculum.dimension.start' is 11, 'dimension' is 10");
  expect("prompt_pool: 5, curriculum: {examples: {start: 3}}", "not for a 'prompt_pool'");
  expect("cot_path: ideal, step_size: 1.5", "'step_size' above 1");
  expect("model: {type: linear_transformer, init_std: -1}", "'init_std' must be at least 0");
  expect("model: {type: label_loop, layers: 0}", "'layers' must be at least 1");
  expect("model: {type: label_loop, parametrisation: sparse, train_label_entry: true}", "'parametrisation: dense'");
  expect("model: {type: softmax_transformer, width: 6, heads: 4}", "'heads' must divide 'width'");
  expect("model: softmax_transformer, evaluation: {steps: [11]}", "at most 10 steps, and 11 were asked for");
  expect("model: label_transformer", "supervision: direct");
  EXPECT_EQ(complaint("model: label_transformer, supervision: direct, evaluation: {prompts: 10}"), "");
}

TEST(InContextRegression, PoolAndPictures) {
  Descent run(
      "{type: in_context_regression, dimension: 4, examples: 6, steps: 3, prompt_pool: 50, evaluation: {prompts: 64, "
      "steps: 7, shift: {type: isotropic, scale: 0.5}}}",
      "sgd");
  EXPECT_EQ(run.task().training_data().size(), 50);
  const std::vector<std::int64_t> index{7};
  EXPECT_TRUE(at::equal(run.task().training_data().batch(index, 0).tensors[0],
                        run.task().training_data().batch(index, 5).tensors[0]));
  torch::NoGradGuard no_grad;
  std::vector<std::string> names;
  for (const plot::Figure& figure : run.task().figures()) {
    names.push_back(figure.name);
    for (const plot::Series& series : figure.series) EXPECT_EQ(series.x.size(), series.y.size());
    if (!figure.heat_map.values.empty()) {
      EXPECT_EQ(figure.heat_map.values.size(), 10u);
    }
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"error_by_step", "shifted_error_by_step", "weights_V_before", "weights_V_after",
                                      "weights_W_before", "weights_W_after", "error_by_examples"}));
  EXPECT_EQ(run.task().figures_over_time({}).size(), 2u);
}

}  // namespace
}  // namespace talweg::tasks
