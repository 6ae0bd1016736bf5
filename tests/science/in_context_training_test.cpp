// What training finds: chain of thought learns multi-step gradient descent, a single answer stays at the floor of one
// step, loops go below it (Huang, Wang and Lee 2025; numbers: closed forms and integrated gradient flow).
#include <gtest/gtest.h>

#include <cmath>

#include "core/libtorch.h"
#include "tasks/descent.h"
#include "tasks/in_context_regression/in_context_regression.h"

namespace talweg::tasks {
namespace {

class Training {
 public:
  Training(const std::string& task, const std::string& optimizer, int seed) : run_(seeded(task, optimizer, seed)) {}

  /// Steps from `first` on; the learning rate falls from its start to zero along half a cosine over `total` steps.
  void train(int first, int last, int batch, int total) {
    std::vector<std::int64_t> indices(static_cast<std::size_t>(batch));
    for (int step = first; step < last; ++step) {
      if (total > 0) run_.optimizer().set_schedule_factor(0.5 * (1 + std::cos(M_PI * step / total)));
      run_.step(0, batch);
    }
  }
  double metric(const std::string& name) {
    torch::NoGradGuard no_grad;
    for (const auto& [key, number] : run_.task().evaluate())
      if (key == name) return number;
    ADD_FAILURE() << name;
    return NAN;
  }

 private:
  static Descent seeded(const std::string& task, const std::string& optimizer, int seed) {
    torch::manual_seed(static_cast<std::uint64_t>(seed));
    return {"{type: in_context_regression, " + task + "}", optimizer};
  }
  Descent run_;
};

/// V = 0: ½η²·Σ_{i<k} E tr(S²M^{2i}), closed forms for k = 1 and 2.
TEST(ChainOfThoughtLoss, BeforeAnythingIsLearnt) {
  for (const auto& [k, expected] : {std::pair{1, 1.24}, {2, 1.4024}, {5, 1.4995}, {10, 1.5242}}) {
    Training run(
        fmt::format("steps: {}, model: {{type: linear_transformer, init_std: 0}}, evaluation: {{prompts: 200000}}", k),
        "sgd", 0);
    EXPECT_NEAR(run.metric("objective"), expected, 0.01) << k;
  }
}

class ChainOfThought : public ::testing::TestWithParam<int> {};

TEST_P(ChainOfThought, DenseTrainingFindsGradientDescent) {
  constexpr int kSteps = 800;
  Training run("evaluation: {prompts: 4000, steps: [20, 40]}", "{type: adam, learning_rate: 3e-3}", GetParam());
  run.train(0, kSteps, 128, kSteps);
  EXPECT_LT(run.metric("objective"), 1e-3);
  EXPECT_NEAR(run.metric("product_v31_w13"), -0.4, 0.004) << "whatever the sign of V and W";
  EXPECT_NEAR(run.metric("ratio_w24_w13"), -1, 0.01);
  EXPECT_LT(run.metric("off_diagonal"), 0.01);
  EXPECT_NEAR(run.metric("over_descent_10"), 1, 0.03);
  EXPECT_NEAR(run.metric("loss"), 0.27, 0.02);
  EXPECT_NEAR(run.metric("over_descent_20"), 1, 0.05) << "longer than trained";
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChainOfThought, ::testing::Values(0, 1, 2));

TEST(NoChainOfThought, StaysAtTheFloorOfASingleStep) {
  constexpr int kSteps = 2500;
  Training run("supervision: direct, evaluation: {prompts: 40000}, model: {type: linear_transformer, init_std: 0.05}",
               "{type: adam, learning_rate: 3e-3}", 3);
  run.train(0, kSteps, 512, kSteps);
  const double floor = 110.0 / 31 / 2;
  EXPECT_NEAR(run.metric("loss"), floor, 0.015 * floor);
  // On the same prompts no worse than the optimum, and better only by what its expectation differs from their mean.
  EXPECT_NEAR(run.metric("loss") / (run.metric("single_step") / 2), 1, 0.01);
}

/// dA/dt = −(1/d)·∂L/∂a and likewise b, integrated by Runge–Kutta on the closed form of L.
TEST(GradientFlow, TwoStages) {
  Training run(
      "evaluation: {prompts: 10}, model: {type: linear_transformer, parametrisation: sparse, initialization: aligned}",
      "{type: sgd, learning_rate: 0.02}", 0);
  int step = 0;
  for (const auto& [t, a, b] :
       {std::tuple{1, -0.1156, 0.3694}, {3, -0.1817, 0.5978}, {5, -0.3384, 0.9129}, {10, -0.39998, 0.99998}}) {
    run.train(step, 50 * t, 512, 0);
    step = 50 * t;
    EXPECT_NEAR(run.metric("v31"), a, 0.01) << t;
    EXPECT_NEAR(run.metric("w13"), b, 0.01) << t;
  }
}

/// Two loops in weight space, trained: W_13 is free, so the class holds every common step and more.
TEST(LoopedTransformer, TrainingReachesTheBestCommonStep) {
  constexpr int kSteps = 300;
  Training run(
      "supervision: outcome, steps: 2, step_size: 0.628077, evaluation: {prompts: 20000}, model: {type: weight_loop, "
      "parametrisation: sparse, initialization: aligned, init_scale: 0.3}",
      "{type: adam, learning_rate: 1e-2}", 0);
  run.train(0, kSteps, 256, kSteps);
  EXPECT_LT(run.metric("error_2"), 1.02 * run.metric("descent_error_2"));
  EXPECT_GT(run.metric("error_2"), 1.5) << "two loops are not three";
}

/// The loss of two loops over their common step, from the moments of the prompts drawn: d − 4aE₁ + 6a²E₂ − 4a³E₃ + a⁴E₄
/// is least at a = 0.628077, where it is 2.105277.
TEST(LoopedTransformer, BestCommonStepOfTwoLoops) {
  PromptLaw law;
  law.steps = 1;
  law.covariance.eigenvalues.assign(10, 1.0);
  const DrawnPrompts drawn = draw_prompts(law, 100000, RandomStreams(2), "loops", at::kCPU, at::kDouble);
  const at::Tensor x = drawn.prompts.inputs(), s = x.matmul(x.transpose(1, 2)) / 20, square = s.matmul(s);
  const auto mean_trace = [](const at::Tensor& m) { return m.diagonal(0, 1, 2).sum(1).mean().item<double>(); };
  const double e1 = mean_trace(s), e2 = mean_trace(square), e3 = mean_trace(square.matmul(s)),
               e4 = mean_trace(square.matmul(square));
  double best = 0, least = 1e9;
  for (double a = 0.5; a < 0.75; a += 1e-4) {
    const double loss = 10 + a * (-4 * e1 + a * (6 * e2 + a * (-4 * e3 + a * e4)));
    if (loss < least) best = a, least = loss;
  }
  EXPECT_NEAR(best, 0.628077, 0.01);
  EXPECT_NEAR(least, 2.105277, 0.03);
}

/// E tr (I − aS)^{2L} on one set of prompts falls with L, each at its own best a.
TEST(LoopedTransformer, EveryFurtherLoopHelps) {
  const auto loss = [](int loops, double a) {
    PromptLaw law;
    law.steps = loops;
    law.step_size = a;
    law.covariance.eigenvalues.assign(10, 1.0);
    const DrawnPrompts drawn = draw_prompts(law, 20000, RandomStreams(1), "loops", at::kCPU, at::kDouble);
    const at::Tensor x = drawn.prompts.inputs();
    const at::Tensor m = at::eye(10, at::kDouble) - a / 20 * x.matmul(x.transpose(1, 2));
    return at::matrix_power(m, 2 * loops).diagonal(0, 1, 2).sum(1).mean().item<double>();
  };
  double before = 1e9;
  for (const auto& [loops, a, expected] : {std::tuple{1, 0.645161, 3.548387},
                                           {2, 0.628077, 2.105277},
                                           {3, 0.611, 1.459},
                                           {4, 0.594, 1.095},
                                           {5, 0.578, 0.865}}) {
    const double here = loss(loops, a);
    EXPECT_NEAR(here, expected, 0.05) << loops;
    EXPECT_LT(here, before);
    before = here;
  }
}

}  // namespace
}  // namespace talweg::tasks
