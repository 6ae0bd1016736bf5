// Groups of parameters with decays and learning rates of their own, against recurrences in plain double precision.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "optim/adamw.h"
#include "optim/function_objective.h"
#include "optim/galore.h"
#include "optim/register.h"
#include "optim/sgd.h"

namespace talweg::optim {
namespace {

/// Three parameters of a small network, and f(θ) = Σ aᵢθᵢ⁴/4, whose gradient aᵢθᵢ³ couples no coordinates.
struct GroupedProblem {
  ParameterList parameters{{"layer.weight", parameter({1.0, -0.5})},
                           {"layer.bias", parameter({0.75})},
                           {"norm.weight", parameter({-1.25, 0.25})}};
  std::vector<at::Tensor> tensors() const {
    std::vector<at::Tensor> list;
    for (const NamedParameter& p : parameters) list.push_back(p.tensor);
    return list;
  }
  FunctionObjective objective() const {
    return FunctionObjective(tensors(), [](const std::vector<at::Tensor>& p) {
      at::Tensor sum = at::zeros({}, at::kDouble);
      for (std::size_t i = 0; i < p.size(); ++i) sum = sum + kCurvature[i] * p[i].pow(4).sum() / 4;
      return sum;
    });
  }
  static constexpr double kCurvature[] = {1.0, 2.0, 0.5};
};

/// What holds for each of the three parameters.
struct Treatment {
  double learning_rate, weight_decay;
};

/// A rule θ ← rule(θ, g, treatment, state, step) with two numbers of state per coordinate.
using Rule = std::function<double(double theta, double gradient, const Treatment&, double (&state)[2], int step)>;

/// Steps the optimizer, at half the learning rate from the third step on, beside the rule.
void expect_follows(GroupedProblem& problem, Optimizer& optimizer, const std::vector<Treatment>& treatments,
                    const Rule& rule) {
  std::vector<std::vector<double>> theta;
  for (const at::Tensor& p : problem.tensors())
    theta.emplace_back(p.data_ptr<double>(), p.data_ptr<double>() + p.numel());
  double state[3][2][2] = {};
  FunctionObjective objective = problem.objective();
  for (int step = 1; step <= 12; ++step) {
    const double factor = step < 3 ? 1 : 0.5;
    optimizer.set_schedule_factor(factor);
    optimizer.step(objective);
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < theta[i].size(); ++j) {
        const Treatment now{factor * treatments[i].learning_rate, treatments[i].weight_decay};
        const double gradient = GroupedProblem::kCurvature[i] * std::pow(theta[i][j], 3);
        theta[i][j] = rule(theta[i][j], gradient, now, state[i][j], step);
        ASSERT_NEAR(problem.parameters[i].tensor[static_cast<std::int64_t>(j)].item<double>(), theta[i][j], 1e-13)
            << problem.parameters[i].name << " at step " << step;
      }
  }
}

double adamw(double theta, double g, const Treatment& treatment, double (&state)[2], int step) {
  state[0] = 0.9 * state[0] + 0.1 * g;
  state[1] = 0.999 * state[1] + 0.001 * g * g;
  const double mean = state[0] / (1 - std::pow(0.9, step)), square = state[1] / (1 - std::pow(0.999, step));
  theta -= treatment.learning_rate * treatment.weight_decay * theta;
  return theta - treatment.learning_rate * mean / (std::sqrt(square) + 1e-8);
}

double heavy_ball(double theta, double g, const Treatment& treatment, double (&state)[2], int) {
  state[0] = 0.9 * state[0] + g + treatment.weight_decay * theta;
  return theta - treatment.learning_rate * state[0];
}

TEST(ParameterGroups, AdamWDecaysAndMovesEachGroupByItsOwnRates) {
  GroupedProblem problem;
  AdamW optimizer(
      problem.parameters,
      {.learning_rate = 0.01, .weight_decay = 0.3, .groups = {{{"*.bias"}, 1, 0.0}, {{"norm*"}, 0.25, std::nullopt}}});
  expect_follows(problem, optimizer, {{0.01, 0.3}, {0.01, 0}, {0.0025, 0.3}}, adamw);
}

TEST(ParameterGroups, SgdDecaysAndMovesEachGroupByItsOwnRates) {
  GroupedProblem problem;
  Sgd optimizer(problem.parameters, {.learning_rate = 0.02,
                                     .momentum = 0.9,
                                     .weight_decay = 0.1,
                                     .groups = {{{"norm.*"}, 0, 0.0}, {{"layer.bias"}, 3, 0.2}}});
  expect_follows(problem, optimizer, {{0.02, 0.1}, {0.06, 0.2}, {0, 0}}, heavy_ball);
}

/// Subspaces that are the whole space: what is projected steps by its gradient, as what is not.
TEST(ParameterGroups, GaloreDecaysAndMovesProjectedMatricesAndOthersByTheirOwnRates) {
  const std::vector<double> curvature{1, 2, 0.5, 3};
  const ParameterList parameters{
      {"up.weight", parameter({1.0, -0.5, 0.25, 0.8}).detach().view({2, 2}).requires_grad_()},
      {"down.weight", parameter({0.3, 0.9, -0.7, 0.1}).detach().view({2, 2}).requires_grad_()},
      {"up.bias", parameter({0.75})},
      {"norm.weight", parameter({-1.25, 0.25})}};
  std::vector<at::Tensor> tensors, expected;
  for (const NamedParameter& p : parameters) {
    tensors.push_back(p.tensor);
    expected.push_back(p.tensor.detach().clone());
  }
  FunctionObjective objective(tensors, [&](const std::vector<at::Tensor>& p) {
    at::Tensor sum = at::zeros({}, at::kDouble);
    for (std::size_t i = 0; i < p.size(); ++i) sum = sum + curvature[i] * p[i].pow(4).sum() / 4;
    return sum;
  });
  GaloreOptions options;
  options.low_rank.learning_rate = 0.02;
  options.low_rank.weight_decay = 0.3;
  options.low_rank.groups = {{{"down.*"}, 0.5, 0.1}, {{"*.bias", "norm*"}, 2, 0.0}};
  options.low_rank.subspace.rank = 2;
  options.low_rank.subspace.scale = 1;
  register_moment_rules();
  options.low_rank.rule = config::Component<MomentRuleKind>("gradient");
  Galore optimizer(parameters, options);
  const std::vector<Treatment> treatments{{0.02, 0.3}, {0.01, 0.1}, {0.04, 0}, {0.04, 0}};
  for (int step = 0; step < 5; ++step) {
    optimizer.step(objective);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto [rate, decay] = treatments[i];
      expected[i] = (1 - rate * decay) * expected[i] - rate * curvature[i] * expected[i].pow(3);
      EXPECT_LT((tensors[i].detach() - expected[i]).abs().max().item<double>(), 1e-13) << parameters[i].name;
    }
  }
}

TEST(ParameterGroups, ComeFromTheConfiguration) {
  register_components();
  const auto parse = [](const std::string& text, config::Diagnostics& diagnostics) {
    config::Component<OptimizerKind> chosen("sgd");
    chosen.parse(config::parse_yaml(text, "groups"), diagnostics, "optimizer");
    return chosen;
  };
  GroupedProblem problem;
  config::Diagnostics good;
  const auto chosen = parse(
      "{type: adamw, learning_rate: 0.01, weight_decay: 0.3, groups: [{parameters: '*.bias', weight_decay: 0}, "
      "{parameters: [norm*], learning_rate_factor: 0.25}]}",
      good);
  good.throw_if_any();
  const auto optimizer = chosen.create(problem.parameters);
  expect_follows(problem, *optimizer, {{0.01, 0.3}, {0.01, 0}, {0.0025, 0.3}}, adamw);

  const auto refusal = [&](const std::string& text) {
    config::Diagnostics diagnostics;
    parse(text, diagnostics);
    return diagnostics.messages().empty() ? std::string() : diagnostics.messages().front();
  };
  EXPECT_THAT(refusal("{type: sgd, groups: [{weight_decay: 0}]}"), ::testing::HasSubstr("'parameters' is missing"));
  EXPECT_THAT(refusal("{type: sgd, groups: [{parameters: []}]}"), ::testing::HasSubstr("names none"));
  EXPECT_THAT(refusal("{type: sgd, groups: [{parameters: a, learning_rate_factor: -1}]}"),
              ::testing::HasSubstr("must be at least 0"));
}

/// Copies of a state, as a checkpoint would hold them.
OptimizerState copy_of(const OptimizerState& state) {
  OptimizerState copy{{}, state.values};
  for (const auto& [name, tensor] : state.tensors) copy.tensors.emplace_back(name, tensor.clone());
  return copy;
}

std::vector<at::Tensor> after_three_steps(GroupedProblem& problem, Optimizer& optimizer) {
  FunctionObjective objective = problem.objective();
  for (int step = 0; step < 3; ++step) optimizer.step(objective);
  std::vector<at::Tensor> tensors;
  for (const at::Tensor& p : problem.tensors()) tensors.push_back(p.detach().clone());
  return tensors;
}

TEST(ParameterGroups, AnEarlierCheckpointFitsWhateverTheGroups) {
  const AdamWOptions grouped{.groups = {{{"*.bias"}, 1, 0.0}}};
  GroupedProblem problem;
  AdamW plain(problem.parameters, AdamWOptions{});
  after_three_steps(problem, plain);
  const OptimizerState saved = copy_of(plain.state_dict());
  std::vector<std::string> names;
  for (const auto& [name, unused] : saved.tensors) names.push_back(name);
  EXPECT_THAT(names, ::testing::ElementsAre("first_moment/layer.weight", "second_moment/layer.weight",
                                            "first_moment/layer.bias", "second_moment/layer.bias",
                                            "first_moment/norm.weight", "second_moment/norm.weight"));
  EXPECT_EQ(saved.values, nlohmann::json({{"steps", 3}}));
  AdamW other(problem.parameters, grouped);
  other.load_state_dict(saved);
  const OptimizerState loaded = other.state_dict();
  for (std::size_t i = 0; i < saved.tensors.size(); ++i) {
    EXPECT_EQ(loaded.tensors[i].first, saved.tensors[i].first);
    EXPECT_TRUE(at::equal(loaded.tensors[i].second, saved.tensors[i].second));
  }
}

TEST(ParameterGroups, SharesOfTheStateMoveTheirParametersAsTheWholeDoes) {
  const AdamWOptions options{.learning_rate = 0.01, .groups = {{{"*.bias"}, 2, 0.0}}};
  GroupedProblem whole;
  AdamW all(whole.parameters, options);
  const std::vector<at::Tensor> expected = after_three_steps(whole, all);
  for (std::size_t kept = 0; kept < 3; ++kept) {
    GroupedProblem problem;
    AdamW share(problem.parameters, options);
    std::vector<bool> mine(3, false);
    mine[kept] = true;
    share.keep_state_of(mine);
    const std::vector<at::Tensor> start = [&] {
      std::vector<at::Tensor> copies;
      for (const at::Tensor& p : problem.tensors()) copies.push_back(p.detach().clone());
      return copies;
    }();
    const std::vector<at::Tensor> moved = after_three_steps(problem, share);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(at::equal(moved[i], i == kept ? expected[i] : start[i])) << kept;
    EXPECT_EQ(share.state_dict().tensors.size(), 2u);
  }
}

}  // namespace
}  // namespace talweg::optim
