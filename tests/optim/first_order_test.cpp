#include <gtest/gtest.h>
#include <torch/optim/adamw.h>
#include <torch/optim/lbfgs.h>

#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"
#include "optim/adam.h"
#include "optim/adamw.h"
#include "optim/lbfgs.h"
#include "optim/problems.h"
#include "optim/sgd.h"

namespace talweg::optim {
namespace {

/// Runs the textbook recurrence in long double beside the optimizer on every problem and compares the parameters.
template <class Optimizer, class Recurrence>
void compare_with_recurrence(Optimizer&& make, Recurrence&& recurrence, int steps = 20) {
  for (const Problem& problem : problems()) {
    Instance instance = instantiate(problem, at::kDouble);
    auto optimizer = make(std::vector<at::Tensor>{instance.parameter});
    auto update = recurrence(problem.start.size());
    std::vector<long double> theta(problem.start.begin(), problem.start.end());
    for (int t = 1; t <= steps; ++t) {
      optimizer->step(instance.closure);
      // The gradient at the recurrence's own point.
      at::Tensor point = at::empty({static_cast<std::int64_t>(theta.size())}, at::kDouble);
      for (std::size_t i = 0; i < theta.size(); ++i)
        point[static_cast<std::int64_t>(i)] = static_cast<double>(theta[i]);
      point.requires_grad_(true);
      problem.loss(point).backward();
      for (std::size_t i = 0; i < theta.size(); ++i)
        update(i, t, theta[i], point.grad()[static_cast<std::int64_t>(i)].item<double>());
      for (std::size_t i = 0; i < theta.size(); ++i)
        ASSERT_NEAR(instance.parameter[static_cast<std::int64_t>(i)].item<double>(), static_cast<double>(theta[i]),
                    1e-9 * std::max(1.0, std::abs(static_cast<double>(theta[i]))))
            << problem.name << " step " << t;
    }
  }
}

TEST(Sgd, FollowsTheHeavyBallRecurrence) {
  for (const bool nesterov : {false, true}) {
    compare_with_recurrence(
        [&](const std::vector<at::Tensor>& p) {
          return std::make_unique<Sgd>(p, SgdOptions{1e-3, 0.9, nesterov, 0.01});
        },
        [&](std::size_t size) {
          return [v = std::vector<long double>(size), nesterov](std::size_t i, int, long double& theta,
                                                                long double g) mutable {
            g += 0.01L * theta;
            v[i] = 0.9L * v[i] + g;
            theta -= 1e-3L * (nesterov ? g + 0.9L * v[i] : v[i]);
          };
        });
  }
}

template <class Options>
auto adam_recurrence(bool decoupled, double decay) {
  return [=](std::size_t size) {
    return [=, m = std::vector<long double>(size), v = std::vector<long double>(size)](
               std::size_t i, int t, long double& theta, long double g) mutable {
      if (decoupled) theta *= 1 - 1e-2L * decay;
      if (!decoupled) g += decay * theta;
      m[i] = 0.9L * m[i] + 0.1L * g;
      v[i] = 0.999L * v[i] + 0.001L * g * g;
      theta -= 1e-2L * (m[i] / (1 - std::pow(0.9L, t))) / (std::sqrt(v[i] / (1 - std::pow(0.999L, t))) + 1e-8L);
    };
  };
}

TEST(Adam, FollowsItsRecurrence) {
  compare_with_recurrence(
      [](const std::vector<at::Tensor>& p) {
        return std::make_unique<Adam>(p, AdamOptions{.learning_rate = 1e-2, .weight_decay = 0.1});
      },
      adam_recurrence<AdamOptions>(false, 0.1));
}

TEST(AdamW, FollowsItsRecurrence) {
  compare_with_recurrence(
      [](const std::vector<at::Tensor>& p) {
        return std::make_unique<AdamW>(p, AdamWOptions{.learning_rate = 1e-2, .weight_decay = 0.1});
      },
      adam_recurrence<AdamWOptions>(true, 0.1));
}

TEST(AdamW, AgreesWithLibTorchIncludingAmsgrad) {
  for (const bool amsgrad : {false, true}) {
    Instance ours = instantiate(problems()[2], at::kDouble), theirs = instantiate(problems()[2], at::kDouble);
    AdamW a({ours.parameter}, AdamWOptions{.learning_rate = 1e-2, .weight_decay = 0.1, .amsgrad = amsgrad});
    torch::optim::AdamW b({theirs.parameter}, torch::optim::AdamWOptions(1e-2).weight_decay(0.1).amsgrad(amsgrad));
    for (int t = 0; t < 50; ++t) {
      a.step(ours.closure);
      b.step(theirs.closure);
    }
    EXPECT_TRUE(at::allclose(ours.parameter, theirs.parameter, 1e-10, 1e-12)) << amsgrad;
  }
}

TEST(Lbfgs, AgreesWithLibTorch) {
  Instance ours = instantiate(problems()[2], at::kDouble), theirs = instantiate(problems()[2], at::kDouble);
  Lbfgs a({ours.parameter}, LbfgsOptions{});
  torch::optim::LBFGS b({theirs.parameter},
                        torch::optim::LBFGSOptions(1).max_iter(20).history_size(10).line_search_fn("strong_wolfe"));
  for (int t = 0; t < 3; ++t) {
    a.step(ours.closure);
    b.step(theirs.closure);
    EXPECT_TRUE(at::equal(ours.parameter, theirs.parameter)) << t;
  }
  EXPECT_NEAR(ours.parameter[0].item<double>(), 1, 1e-6);
}

TEST(Lbfgs, FindsEveryMinimum) {
  for (const auto type : {at::kFloat, at::kDouble}) {
    for (const Problem& problem : problems()) {
      Instance instance = instantiate(problem, type);
      Lbfgs optimizer({instance.parameter}, LbfgsOptions{});
      double loss = 0;
      for (int t = 0; t < 10; ++t) loss = optimizer.step(instance.closure).item<double>();
      EXPECT_NEAR(loss, problem.minimum, 2e-3) << problem.name;
    }
  }
}

/// An objective whose value can be broken on demand.
class BreakableObjective : public PlainObjective {
 public:
  explicit BreakableObjective(at::Tensor parameter) : parameters_{parameter} {}
  const std::vector<at::Tensor>& parameters() const override { return parameters_; }
  at::Tensor value() override { return parameters_[0].detach().pow(2).sum(); }
  Evaluation gradient() override {
    parameters_[0].mutable_grad() = 2 * parameters_[0].detach();
    if (broken) parameters_[0].mutable_grad().fill_(std::nan(""));
    return {value(), !broken};
  }
  bool broken = false;

 private:
  std::vector<at::Tensor> parameters_;
};

template <class T>
class EveryOptimizer : public ::testing::Test {};
template <class O, class Options>
struct Pair {
  using Optimizer = O;
  using OptionsType = Options;
};
using Optimizers = ::testing::Types<Pair<Sgd, SgdOptions>, Pair<Adam, AdamOptions>, Pair<AdamW, AdamWOptions>,
                                    Pair<Lbfgs, LbfgsOptions>>;
TYPED_TEST_SUITE(EveryOptimizer, Optimizers);

TYPED_TEST(EveryOptimizer, LeavesEverythingUntouchedWhenTheEvaluationIsUnusable) {
  at::Tensor theta = at::tensor({1.0, 2.0}).requires_grad_(true);
  typename TypeParam::Optimizer optimizer({theta}, typename TypeParam::OptionsType{});
  BreakableObjective objective(theta);
  optimizer.step(objective);
  const at::Tensor before = theta.detach().clone();
  const OptimizerState state = optimizer.state_dict();
  std::vector<at::Tensor> copies;
  for (const auto& [name, tensor] : state.tensors) copies.push_back(tensor.clone());
  objective.broken = true;
  EXPECT_EQ(optimizer.step(objective).status, StepStatus::skipped_non_finite);
  EXPECT_TRUE(at::equal(theta.detach(), before));
  const OptimizerState after = optimizer.state_dict();
  EXPECT_EQ(after.values, state.values);
  for (std::size_t i = 0; i < copies.size(); ++i) EXPECT_TRUE(at::equal(after.tensors[i].second, copies[i]));
}

TYPED_TEST(EveryOptimizer, ContinuesBitForBitFromItsState) {
  for (const auto type : {at::kFloat, at::kDouble}) {
    Instance instance = instantiate(problems()[2], type);
    typename TypeParam::OptionsType options;
    options.learning_rate = 1e-3;
    typename TypeParam::Optimizer optimizer({instance.parameter}, options);
    for (int t = 0; t < 3; ++t) optimizer.step(instance.closure);
    const OptimizerState saved = optimizer.state_dict();
    OptimizerState copy{{}, saved.values};
    for (const auto& [name, tensor] : saved.tensors) copy.tensors.emplace_back(name, tensor.clone());
    Instance other = instantiate(problems()[2], type);
    {
      torch::NoGradGuard no_grad;
      other.parameter.copy_(instance.parameter);
    }
    typename TypeParam::Optimizer continued({other.parameter}, options);
    continued.load_state_dict(copy);
    for (int t = 0; t < 3; ++t) {
      optimizer.step(instance.closure);
      continued.step(other.closure);
    }
    EXPECT_TRUE(at::equal(instance.parameter, other.parameter));
  }
}

TYPED_TEST(EveryOptimizer, AnswersTheLossBeforeTheStep) {
  Instance instance = instantiate(problems()[0], at::kDouble);
  typename TypeParam::Optimizer optimizer({instance.parameter}, typename TypeParam::OptionsType{});
  EXPECT_DOUBLE_EQ(optimizer.step(instance.closure).template item<double>(), 14);
}

TEST(OptimizerState, SaysWhatIsMissing) {
  const at::Tensor theta = at::zeros({2}).requires_grad_(true);
  AdamW optimizer({theta}, AdamWOptions{});
  EXPECT_THROW(optimizer.load_state_dict({}), DataError);
  EXPECT_THROW(optimizer.load_state_dict({{{"first_moment/0", at::zeros({3})}}, {}}), DataError);
  EXPECT_THROW(AdamW(std::vector<at::Tensor>{}, AdamWOptions{}), c10::ValueError);
}

}  // namespace
}  // namespace talweg::optim
