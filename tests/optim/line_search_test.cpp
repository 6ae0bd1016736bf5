// The line search on functions whose answers are known in closed form, and its mechanics: what it evaluates, when it
// gives up, and that a failure moves nothing. Its rates on the tasks of the papers are in tests/tasks.
#include "optim/line_search/line_search.h"

#include <gtest/gtest.h>

#include <barrier>
#include <cmath>
#include <thread>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/task_objective/task_objective.h"
#include "host_reads.h"
#include "noisy_task.h"
#include "optim/function_objective.h"
#include "optim/polyak_step.h"
#include "optim/problems.h"
#include "optim/register.h"

namespace talweg::optim {
namespace {

LineSearchOptions options(const std::string& yaml) {
  register_components();
  return config::parse<LineSearchOptions>(config::parse_yaml(yaml, "test"));
}

/// Algorithm 1 of Vaswani and Babanezhad 2025.
LineSearchOptions from_largest(double shrink, double largest, double c = 0.5) {
  return options(fmt::format("{{start: max, acceptance: {{type: armijo, c: {}}}, shrink: {}, largest_step: {:e}}}", c,
                             shrink, largest));
}

at::Tensor exponential(const std::vector<at::Tensor>& theta) {
  return at::exp(-theta[0]).sum();
}
at::Tensor quadratic(const std::vector<at::Tensor>& theta) {
  at::Tensor sum = theta[0].pow(2).sum();
  for (std::size_t i = 1; i < theta.size(); ++i) sum = sum + theta[i].pow(2).sum();
  return 2 * sum;
}

double value_at(const Problem& problem, const at::Tensor& theta) {
  torch::NoGradGuard no_grad;
  return problem.loss(theta).item<double>();
}

TEST(LineSearch, ExponentialIsLinearFromAHugeStep) {
  struct Expected {
    double shrink, first_step;
    int backtracks, iterations;
    double smallest_ratio, largest_ratio;
  };
  for (const Expected& expected : {Expected{0.9, 1.49785273, 171, 11, 0.20318787, 0.23830},
                                   Expected{0.5, 1.4901161194, 26, 12, 0.2031878, 0.4508}}) {
    const at::Tensor theta = parameter({0});
    FunctionObjective objective({theta}, exponential);
    LineSearch search({theta}, from_largest(expected.shrink, 1e8));
    double loss = 1;
    for (int t = 1; t <= expected.iterations; ++t) {
      const StepReport report = search.step(objective);
      if (t == 1) {
        EXPECT_NEAR(report.step_size, expected.first_step, 1e-8);
        EXPECT_EQ(search.counters().backtracks, expected.backtracks);
      }
      const double next = std::exp(-theta.item<double>());
      EXPECT_GE(next / loss, expected.smallest_ratio * (1 - 1e-6));
      EXPECT_LE(next / loss, expected.largest_ratio * (1 + 1e-3));
      EXPECT_EQ(next <= 1e-7, t == expected.iterations) << "after step " << t;
      loss = next;
    }
  }
}

TEST(LineSearch, QuadraticHasOneStepSize) {
  const at::Tensor theta = parameter({1, -2});
  FunctionObjective objective({theta}, quadratic);
  LineSearch search({theta}, from_largest(0.5, 10));
  for (const double loss : {1.40625, 0.19775390625, 0.02780914306640625}) {
    EXPECT_EQ(search.step(objective).step_size, 0.15625);
    EXPECT_NEAR(quadratic({theta}).item<double>(), loss, 1e-15);
  }
  EXPECT_EQ(search.counters().backtracks, 3 * 6);

  const at::Tensor other = parameter({1, -2});
  FunctionObjective same({other}, quadratic);
  LineSearch slow({other}, from_largest(0.9, 10));
  EXPECT_NEAR(slow.step(same).step_size, 0.2252839954, 1e-10);
  EXPECT_EQ(slow.counters().backtracks, 36);
  EXPECT_NEAR(quadratic({other}).item<double>(), 0.0977409410, 1e-10);
}

/// Every accepted step of every start rule on every problem, evaluated afresh: sufficient decrease, the trial before it
/// had to fail, and the step does not exceed the Polyak step.
TEST(LineSearch, EveryAcceptedStepIsTheFirstSufficientOne) {
  constexpr double c = 0.3, shrink = 0.6, largest = 1e4;
  for (const std::string start : {"max", "keep", "grow", "init", "epoch", "bb_ratio", "polyak"})
    for (const Problem& problem : problems()) {
      SCOPED_TRACE(start + " on " + problem.name);
      const Instance instance = instantiate(problem, at::kDouble);
      LineSearch search({instance.parameter}, options(fmt::format("{{start: {}, acceptance: {{type: armijo, c: {}}}, "
                                                                  "shrink: {}, largest_step: {}}}",
                                                                  start, c, shrink, largest)));
      FunctionObjective objective({instance.parameter},
                                  [&](const std::vector<at::Tensor>& theta) { return problem.loss(theta[0]); });
      for (int t = 0; t < 40; ++t) {
        const at::Tensor before = instance.parameter.detach().clone();
        const double loss = value_at(problem, before);
        const StepReport report = search.step(objective);
        if (report.status != StepStatus::accepted) break;
        const at::Tensor gradient = instance.parameter.grad().clone();
        const double squared_norm = gradient.dot(gradient).item<double>(), eta = report.step_size;
        const double next = value_at(problem, instance.parameter.detach());
        const double slack = 1e-12 * (1 + std::abs(loss));
        EXPECT_LE(next, loss - c * eta * squared_norm + slack);
        EXPECT_LT(next, loss);
        EXPECT_LE(c * eta * squared_norm, loss - problem.minimum + slack);
        if (report.scalars.front().second > 1) {
          const double longer = eta / shrink;
          EXPECT_GT(value_at(problem, before - longer * gradient), loss - c * longer * squared_norm - slack);
        }
      }
    }
}

/// Goldstein's second test forbids steps that are too short: they are stretched, up to the largest.
TEST(LineSearch, GoldsteinStepsAreNeitherTooLongNorTooShort) {
  const at::Tensor theta = parameter({1, -2});
  FunctionObjective objective({theta}, quadratic);
  LineSearch search({theta}, options("{start: {type: init, step: 1e-4}, acceptance: {type: goldstein, c: 0.1}, "
                                     "shrink: 0.9, stretch: 2}"));
  const double before = quadratic({theta}).item<double>();
  const double step = search.step(objective).step_size;
  const double fall = (before - quadratic({theta}).item<double>()) / (step * 16 * 5);  // ‖∇f‖² = 16‖θ‖²
  EXPECT_GE(fall, 0.1);
  EXPECT_LE(fall, 0.9);
}

/// The mean of earlier losses admits an increase that Armijo's test refuses.
TEST(LineSearch, NonmonotoneTestAcceptsAnIncrease) {
  const auto increases = [](const std::string& acceptance) {
    const at::Tensor theta = parameter({3, 1});
    FunctionObjective objective({theta}, [](const std::vector<at::Tensor>& x) {
      return x[0].pow(2).sum() + 3 * (1 - at::cos(4 * x[0])).sum();
    });
    LineSearch search({theta}, options("{start: {type: init, step: 0.5}, acceptance: " + acceptance + "}"));
    int count = 0;
    double last = search.step(objective).loss.item<double>();
    for (int t = 0; t < 30; ++t) {
      const double loss = search.step(objective).loss.item<double>();
      count += loss > last;
      last = loss;
    }
    return count;
  };
  EXPECT_EQ(increases("{type: armijo, c: 0.01}"), 0);
  EXPECT_GT(increases("{type: nonmonotone, c: 0.01}"), 0);
}

/// On e^{−θ} the logarithm is linear: every step of any length has the decrease that the slope promises.
TEST(LineSearch, LogLossAcceptsWhatTheLogarithmAllows) {
  const at::Tensor theta = parameter({0});
  FunctionObjective objective({theta}, exponential);
  LineSearch search({theta}, options("{start: max, acceptance: {type: log_loss, c: 0.9}, largest_step: 20}"));
  EXPECT_EQ(search.step(objective).step_size, 20);
}

TEST(LineSearch, NonFiniteTrialsAreRejected) {
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    const at::Tensor theta = parameter({1, -2});
    FunctionObjective objective({theta}, quadratic);
    // Without them the sixth reduction is accepted; two more are needed when that trial and the next are broken.
    objective.forged_values = {{6, bad}, {7, bad}};
    LineSearch search({theta}, from_largest(0.5, 10));
    const StepReport report = search.step(objective);
    EXPECT_EQ(report.status, StepStatus::accepted);
    EXPECT_EQ(report.step_size, 10 * std::pow(0.5, 8));
    EXPECT_TRUE(theta.isfinite().all().item<bool>());
  }
}

TEST(LineSearch, NonFiniteStartIsSkipped) {
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL})
    for (const bool in_loss : {true, false}) {
      const at::Tensor theta = parameter({1, -2});
      const at::Tensor before = theta.detach().clone();
      FunctionObjective objective({theta}, quadratic);
      (in_loss ? objective.forged_loss : objective.forged_gradient) = bad;
      LineSearch search({theta}, from_largest(0.5, 10));
      EXPECT_EQ(search.step(objective).status, StepStatus::skipped_non_finite);
      EXPECT_TRUE(at::equal(theta, before));
      EXPECT_EQ(objective.values, 0);
      EXPECT_EQ(search.counters().searches, 0);
    }
}

TEST(LineSearch, FailureLeavesTheParametersBitForBit) {
  for (const std::string direction : {"gradient", "heavy_ball", "nesterov", "adam", "lbfgs"}) {
    const at::Tensor theta = parameter({0.1, 1.0 / 3, -1e-17});
    FunctionObjective objective({theta}, quadratic);
    LineSearch search({theta}, options("{start: max, max_trials: 5, shrink: 0.3, direction: " + direction + "}"));
    for (int t = 0; t < 5; ++t) objective.forged_values[t] = 1e9;
    const at::Tensor before = theta.detach().clone();
    EXPECT_EQ(search.step(objective).status, StepStatus::search_failed) << direction;
    EXPECT_TRUE(at::equal(theta, before)) << direction;
    EXPECT_EQ(search.counters().failures, 1);
    EXPECT_EQ(search.last_step(), 0);
    EXPECT_EQ(search.step(objective).status, StepStatus::accepted) << direction << ": a failure is not the end";
  }
}

TEST(LineSearch, AZeroGradientConverges) {
  const at::Tensor theta = parameter({0, 0});
  FunctionObjective objective({theta}, quadratic);
  LineSearch search({theta}, LineSearchOptions());
  EXPECT_EQ(search.step(objective).status, StepStatus::converged);
  EXPECT_EQ(objective.values, 0);
}

/// A parameter that the loss does not use has no gradient, and stays where it is.
TEST(LineSearch, AnUndefinedGradientIsZero) {
  const at::Tensor used = parameter({1, -2}), unused = parameter({5});
  for (const std::string direction : {"gradient", "heavy_ball", "nesterov", "adam", "lbfgs"}) {
    FunctionObjective objective({used, unused}, [](const std::vector<at::Tensor>& x) { return x[0].pow(2).sum(); });
    LineSearch search({used, unused}, options("{direction: " + direction + "}"));
    EXPECT_EQ(search.step(objective).status, StepStatus::accepted) << direction;
    EXPECT_EQ(unused.item<double>(), 5);
  }
}

/// However the parameters are cut into tensors, steps and parameters are the same.
TEST(LineSearch, DoesNotDependOnHowParametersAreDivided) {
  const Problem& problem = problems()[2];  // Rosenbrock
  for (const std::string direction : {"gradient", "heavy_ball", "nesterov", "adam", "lbfgs"}) {
    const at::Tensor whole = parameter(problem.start);
    const at::Tensor first = parameter({problem.start[0]}), second = parameter({problem.start[1]});
    FunctionObjective together({whole}, [&](const std::vector<at::Tensor>& x) { return problem.loss(x[0]); });
    FunctionObjective apart({first, second},
                            [&](const std::vector<at::Tensor>& x) { return problem.loss(at::cat(x)); });
    LineSearch a({whole}, options("{direction: " + direction + "}")),
        b({first, second}, options("{direction: " + direction + "}"));
    for (int t = 0; t < 15; ++t) {
      const double eta = a.step(together).step_size;
      EXPECT_NEAR(b.step(apart).step_size, eta, 1e-12 * std::abs(eta)) << direction << ", step " << t;
    }
    EXPECT_LT((whole - at::cat({first, second})).abs().max().item<double>(), 1e-12) << direction;
  }
}

TEST(LineSearch, CountsEvaluationsExactlyAndBuildsNoGraphInTrials) {
  const at::Tensor theta = parameter({1, -2});
  FunctionObjective objective({theta}, quadratic);
  LineSearch search({theta}, from_largest(0.5, 10));
  std::int64_t forwards = 0, backwards = 0;
  for (int t = 0; t < 4; ++t) {
    const StepReport report = search.step(objective);
    forwards += report.forwards;
    backwards += report.backwards;
  }
  EXPECT_EQ(backwards, objective.gradients);
  EXPECT_EQ(forwards, objective.gradients + objective.values);
  EXPECT_EQ(search.counters().searches, 4);
  EXPECT_EQ(search.counters().trials, objective.values);
  EXPECT_EQ(search.counters().backtracks, objective.values - 4);
  EXPECT_EQ(search.last_step(), 0.15625);
  EXPECT_FALSE(objective.any_graph);
}

TEST(LineSearch, WaitsForTheDeviceOncePerDecision) {
  const at::Tensor theta = parameter({1, -2});
  FunctionObjective objective({theta}, quadratic);
  LineSearch search({theta}, from_largest(0.5, 10));
  const HostReads reads;
  search.step(objective);
  EXPECT_EQ(reads.count(), 1 + 7) << "one for loss and slope, one per trial";
}

/// Dropout and batch normalisation: every trial of a step sees the noise of its first evaluation, and the running
/// statistics move once, however many trials there are.
TEST(LineSearch, TrialsOfANoisyNetworkSeeOneFunction) {
  NoisyTask task;
  TaskObjective objective(task, {}, RandomStreams(0), at::kCPU);
  LineSearch search(trainable_parameters(task.module()), from_largest(0.5, 1e6, 0.1));
  for (int t = 0; t < 5; ++t) {
    objective.begin_step(t, {{task.inputs}, 12});
    const StepReport report = search.step(objective);
    EXPECT_EQ(report.status, StepStatus::accepted);
    EXPECT_GT(report.forwards, 10) << "the first trials are far too long";
    const double here = objective.value().item<double>();
    EXPECT_LT(here, report.loss.item<double>()) << "the step's own mask, at the accepted point";
    EXPECT_EQ(task.module_->norm->num_batches_tracked.item<std::int64_t>(), t + 1);
  }
}

/// Two ranks with a shard each answer the mean of both, exchanged before every decision.
TEST(LineSearch, RanksWithDifferentShardsAgree) {
  const at::Tensor shards = at::tensor({1.0, -0.5, 2.0, 0.3, 0.2, -3.0, 1.5, 4.0}, at::kDouble).view({2, 2, 2});
  std::barrier<> meeting(2);
  std::array<double, 2> losses{};
  std::array<at::Tensor, 2> all_gradients;

  class RankObjective : public FunctionObjective {
   public:
    RankObjective(int rank, at::Tensor theta, at::Tensor shard, std::barrier<>& meeting, std::array<double, 2>& losses,
                  std::array<at::Tensor, 2>& all_gradients)
        : FunctionObjective({theta},
                            [shard](const std::vector<at::Tensor>& x) {
                              return at::softplus(-shard.mv(x[0])).mean() + 0.05 * x[0].pow(2).sum();
                            }),
          rank_(rank),
          meeting_(meeting),
          losses_(losses),
          gradients_(all_gradients) {}
    at::Tensor value() override { return mean(FunctionObjective::value()); }
    Evaluation gradient() override {
      Evaluation evaluation = FunctionObjective::gradient();
      gradients_[rank_] = parameters().front().grad().clone();
      evaluation.value = mean(evaluation.value);
      parameters().front().mutable_grad().copy_((gradients_[0] + gradients_[1]) / 2);
      meeting_.arrive_and_wait();
      return evaluation;
    }

   private:
    at::Tensor mean(const at::Tensor& mine) {
      losses_[rank_] = mine.item<double>();
      meeting_.arrive_and_wait();
      const double both = (losses_[0] + losses_[1]) / 2;
      meeting_.arrive_and_wait();
      return at::full({}, both, at::kDouble);
    }
    std::size_t rank_;
    std::barrier<>& meeting_;
    std::array<double, 2>& losses_;
    std::array<at::Tensor, 2>& gradients_;
  };

  std::array<std::vector<double>, 2> steps;
  std::array<int, 2> evaluations{};
  std::array<at::Tensor, 2> ends;
  const auto run = [&](int rank) {
    const at::Tensor theta = parameter({0, 0});
    RankObjective objective(rank, theta, shards[rank], meeting, losses, all_gradients);
    LineSearch search({theta}, from_largest(0.7, 1e4));
    for (int t = 0; t < 10; ++t) steps[rank].push_back(search.step(objective).step_size);
    evaluations[rank] = objective.values + objective.gradients;
    ends[rank] = theta;
  };
  std::thread other(run, 1);
  run(0);
  other.join();
  EXPECT_EQ(steps[0], steps[1]);
  EXPECT_EQ(evaluations[0], evaluations[1]);
  EXPECT_TRUE(at::equal(ends[0], ends[1]));
}

/// Single precision: the loss cannot fall by less than its spacing, and the search says so instead of looping.
TEST(LineSearch, EndsAtThePrecisionOfTheParameters) {
  const at::Tensor theta = parameter({1, -2}, at::kFloat);
  FunctionObjective objective({theta}, [](const std::vector<at::Tensor>& x) { return 1 + x[0].pow(2).sum(); });
  LineSearch search({theta}, from_largest(0.5, 10));
  StepStatus status = StepStatus::accepted;
  for (int t = 0; t < 100 && status == StepStatus::accepted; ++t) status = search.step(objective).status;
  EXPECT_EQ(status, StepStatus::converged);
  EXPECT_LT(theta.abs().max().item<double>(), 1e-3);
}

TEST(LineSearch, SearchesLessOftenWhileFirstTrialsAreAccepted) {
  const at::Tensor theta = parameter({1, -2});
  FunctionObjective objective({theta}, quadratic);
  LineSearch search({theta}, options("{start: {type: init, step: 0.01}, longest_interval: 4}"));
  for (int t = 0; t < 30; ++t) EXPECT_EQ(search.step(objective).status, StepStatus::accepted);
  EXPECT_EQ(objective.gradients, 30);
  EXPECT_EQ(search.counters().searches, 9) << "intervals 1, 2, 3, 4, 4, …";
  EXPECT_EQ(objective.values, 9);
}

TEST(LineSearch, RidgeIsPartOfTheSearchedLoss) {
  const at::Tensor theta = parameter({1, -2}), direct = parameter({1, -2});
  FunctionObjective inner({theta}, quadratic);
  FunctionObjective whole({direct},
                          [](const std::vector<at::Tensor>& x) { return quadratic(x) + 0.35 * x[0].pow(2).sum(); });
  LineSearchOptions with_ridge = from_largest(0.5, 10);
  with_ridge.ridge = 0.7;
  LineSearch a({theta}, with_ridge), b({direct}, from_largest(0.5, 10));
  for (int t = 0; t < 5; ++t) {
    EXPECT_EQ(a.step(inner).step_size, b.step(whole).step_size);
    EXPECT_LT((theta - direct).abs().max().item<double>(), 1e-14);
  }
}

TEST(LineSearch, WeightDecayActsAfterTheStep) {
  const at::Tensor theta = parameter({1, -2});
  FunctionObjective objective({theta}, quadratic);
  LineSearchOptions decaying = from_largest(0.5, 10);
  decaying.weight_decay = 0.1;
  LineSearch search({theta}, decaying);
  search.step(objective);
  EXPECT_NEAR(theta[0].item<double>(), (1 - 0.15625 * 4) / (1 + 0.15625 * 0.1), 1e-15);
}

TEST(LineSearch, RefusesOptionsOutOfRange) {
  for (const std::string bad :
       {"{acceptance: {type: armijo, c: 0}}", "{acceptance: {type: armijo, c: 1}}", "{shrink: 0}", "{shrink: 1}",
        "{shrink: -0.5}", "{largest_step: 0}", "{largest_step: -1}", "{largest_step: .nan}", "{smallest_step: 100}",
        "{acceptance: {type: goldstein, c: 0.5}}", "{max_trials: 0}", "{start: {type: grow, factor: 0.5}}",
        "{direction: sideways}", "{stretch: 1}"})
    EXPECT_THROW(options(bad), ConfigError) << bad;
}

TEST(LineSearch, NegativeLossesWhereTheTheoryNeedsPositiveOnesAreErrors) {
  const auto below_zero = [](const std::vector<at::Tensor>& x) { return x[0].pow(2).sum() - 10; };
  for (const std::string part : {"{acceptance: log_loss}", "{start: polyak}"}) {
    const at::Tensor theta = parameter({1, -2});
    const at::Tensor before = theta.detach().clone();
    FunctionObjective objective({theta}, below_zero);
    LineSearch search({theta}, options(part));
    EXPECT_THROW(search.step(objective), TrainingError) << part;
    EXPECT_TRUE(at::equal(theta, before));
  }
  const at::Tensor theta = parameter({1, -2});
  FunctionObjective objective({theta}, below_zero);
  PolyakStep polyak({theta}, {});
  EXPECT_THROW(polyak.step(objective), TrainingError);
  LineSearch armijo({theta}, options("{}"));
  EXPECT_EQ(armijo.step(objective).status, StepStatus::accepted) << "Armijo's test compares differences only";
}

}  // namespace
}  // namespace talweg::optim
