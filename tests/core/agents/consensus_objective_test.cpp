// What an agent minimises: its own loss and the term of its consensus, against automatic differentiation in float64.
#include "core/agents/consensus_objective.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "core/agents/federated_average.h"
#include "core/agents/gossip.h"
#include "core/agents/gradient_tracking.h"
#include "core/agents/proximity.h"
#include "core/agents/quadratic_team.h"
#include "core/agents/weighted_admm.h"
#include "core/error.h"
#include "core/objective/closure_objective.h"

namespace talweg::agents {
namespace {

/// An agent with parameters of two shapes (the second one transposed, so that it is no plain row of memory) and a loss
/// that is zero in some entries.
struct SmallAgent {
  SmallAgent() {
    torch::manual_seed(3);
    theta = {at::randn({3, 5}, at::kDouble).requires_grad_(), at::randn({4, 2}, at::kDouble).t().detach()};
    theta[1].requires_grad_();
    own.emplace(theta, [this] {
      for (at::Tensor& t : theta) t.mutable_grad() = at::Tensor();
      const at::Tensor value = loss();
      value.backward();
      return value;
    });
  }
  at::Tensor loss() const { return at::relu(theta[0]).square().sum() + theta[1].sin().sum(); }
  ParameterList named() const { return {{"hidden", theta[0]}, {"decoder", theta[1]}}; }
  std::vector<at::Tensor> like() const { return {at::randn({3, 5}, at::kDouble), at::randn({4, 2}, at::kDouble).t()}; }
  std::vector<at::Tensor> some_counts() const {
    return {at::randint(0, 20, {3, 5}).to(at::kDouble), at::randint(0, 20, {4, 2}).to(at::kDouble).t()};
  }

  std::vector<at::Tensor> theta;
  std::optional<ClosureObjective> own;
};

/// ⟨p, θ⟩ + ρ Σ_j ‖θ − z_ij‖²_W_ij with explicit weights and targets, of copies at one and the same point `sent`.
at::Tensor augmented(const std::vector<at::Tensor>& theta, const std::vector<at::Tensor>& sent,
                     const std::vector<at::Tensor>& counts, const std::vector<Message>& copies, double rho,
                     const std::vector<at::Tensor>& dual) {
  at::Tensor value = at::zeros({}, at::kDouble);
  for (std::size_t k = 0; k < theta.size(); ++k) value = value + (dual[k] * theta[k]).sum();
  for (const Message& copy : copies) {
    double least = 1e300, largest = 0;
    for (std::size_t k = 0; k < theta.size(); ++k) {
      least = std::min(least, (counts[k] + copy.beside[k]).min().item<double>());
      largest = std::max(largest, (counts[k] + copy.beside[k]).max().item<double>());
    }
    for (std::size_t k = 0; k < theta.size(); ++k) {
      const auto weight = [&](const at::Tensor& u) {
        return (1e-3 + (1 - 1e-3) * (u - least) / (largest - least)).clamp_min(1e-3);
      };
      const at::Tensor own = weight(counts[k]), other = weight(copy.beside[k]);
      const at::Tensor z = (own * sent[k] + other * copy.parameters[k]) / (own + other);
      value = value + rho * (own * (theta[k] - z).square()).sum();
    }
  }
  return value;
}

class RamenTerm : public ::testing::Test {
 protected:
  RamenTerm() : consensus(options(), CountOptions{}, {agent.named()}), objective(*agent.own, consensus) {
    torch::NoGradGuard no_grad;
    objective.gradient();  // counts
    for (const std::int64_t from : {1, 2, 3}) copies.push_back({from, 0, 0, agent.like(), agent.some_counts()});
    consensus.hear(agent.theta, {graph, 0, copies});
    for (const at::Tensor& t : agent.theta) sent.push_back(t.detach().clone());
    counts = consensus.update_counts();
    for (at::Tensor& count : counts) count = count.clone();
    for (const at::Tensor& p : consensus.term()->linear) dual.push_back(p.clone());
    for (const at::Tensor& t : agent.theta) t.add_(at::randn(t.sizes(), at::kDouble), 0.3);  // some steps later
  }
  static AdmmOptions options() {
    AdmmOptions options;
    options.penalty = 0.7;
    return options;
  }
  at::Tensor expected() const { return agent.loss() + augmented(agent.theta, sent, counts, copies, 0.7, dual); }

  SmallAgent agent;
  WeightedAdmm consensus;
  ConsensusObjective objective;
  Graph graph{4, Shape::complete};
  std::vector<Message> copies;
  std::vector<at::Tensor> sent, counts, dual;
};

TEST_F(RamenTerm, HasTheValueAndGradientOfAutomaticDifferentiation) {
  const std::vector<at::Tensor> gradients = torch::autograd::grad({expected()}, agent.theta);
  objective.end_step();
  const Evaluation evaluation = objective.gradient();
  EXPECT_NEAR(evaluation.value.item<double>(), expected().item<double>(), 1e-12);
  EXPECT_NEAR(objective.value().item<double>(), expected().item<double>(), 1e-12);
  for (std::size_t k = 0; k < gradients.size(); ++k)
    EXPECT_LT((agent.theta[k].grad() - gradients[k]).abs().max().item<double>(), 1e-13);
  EXPECT_NEAR(objective.own_value().item<double>(), agent.loss().item<double>(), 1e-13);
}

TEST_F(RamenTerm, MovesTheDualByTheWeightedDistances) {
  for (std::size_t k = 0; k < sent.size(); ++k) {
    at::Tensor p = at::zeros_like(sent[k]);
    for (const Message& copy : copies) {
      const WeightMap map = weights_of_counts(counts, copy.beside, 1e-3);
      const at::Tensor own = (counts[k] * map.slope + map.offset).clamp_min(1e-3);
      const at::Tensor other = (copy.beside[k] * map.slope + map.offset).clamp_min(1e-3);
      p += 2 * 0.7 * own * other / (own + other) * (sent[k] - copy.parameters[k]);
    }
    EXPECT_LT((dual[k] - p).abs().max().item<double>(), 1e-13);
  }
}

TEST_F(RamenTerm, IsAParabolaAlongARay) {
  const Direction direction = agent.like();
  const std::unique_ptr<Ray> ray = objective.along(direction);
  for (const double eta : {0.0, 0.25, -1.0}) {
    const double along = ray->values({&eta, 1}).front();
    EXPECT_NEAR(along, objective.value().item<double>(), 1e-11) << "the ray has moved the parameters there";
  }
}

TEST_F(RamenTerm, AddsItsCurvatureToTheHessian) {
  const Direction v = agent.like();
  const std::vector<at::Tensor> first = torch::autograd::grad({expected()}, agent.theta, {}, true, true);
  const std::vector<at::Tensor> second =
      torch::autograd::grad({(first[0] * v[0]).sum() + (first[1] * v[1]).sum()}, agent.theta);
  const Direction product = objective.hessian()->times(v);
  for (std::size_t k = 0; k < v.size(); ++k)
    EXPECT_LT((product[k] - second[k]).abs().max().item<double>(), 2e-8) << "by differences of gradients";
}

TEST_F(RamenTerm, IsObservedAtOtherPoints) {
  at::Tensor points = at::randn({2, 23}, at::kDouble);
  const NoisyValues observed = objective.draw({points, {0, 1}, 1});
  for (const int row : {0, 1}) {
    torch::NoGradGuard no_grad;
    agent.theta[0].copy_(points[row].slice(0, 0, 15).view({3, 5}));
    agent.theta[1].copy_(points[row].slice(0, 15, 23).view({2, 4}));
    EXPECT_NEAR(observed.values[row][0].item<double>(), expected().item<double>(), 1e-11);
  }
}

// T9: counts are whole numbers, at most the number of gradients, and zero where no gradient ever was.
TEST_F(RamenTerm, CountsGradientsOfItsOwnLossThatAreNotZero) {
  {
    torch::NoGradGuard no_grad;
    agent.theta[0].fill_(-1);  // where relu has no slope
  }
  const std::vector<at::Tensor> before = consensus.beside();
  for (int i = 0; i < 3; ++i) objective.gradient();
  const std::vector<at::Tensor> after = consensus.beside();
  EXPECT_TRUE(at::equal(after[0], before[0])) << "the term's own gradient is not counted";
  EXPECT_TRUE(at::equal(after[1], before[1] + 3));
}

TEST(Ramen, LeavesParametersUncountedThatAreNamed) {
  SmallAgent agent;
  CountOptions counts;
  counts.uncounted = {"dec"};
  WeightedAdmm consensus({}, counts, {agent.named()});
  ConsensusObjective objective(*agent.own, consensus);
  objective.gradient();
  EXPECT_FALSE(consensus.update_counts()[1].defined());
  const Graph graph(2, Shape::path);
  const Message message{1, 0, 0, agent.like(), {agent.some_counts()[0], at::empty({0})}};
  consensus.hear(agent.theta, {graph, 0, {message}});
  const at::Tensor half_way = (agent.theta[1].detach() + message.parameters[1]) / 2;
  EXPECT_LT((consensus.term()->centre[1] - half_way).abs().max().item<double>(), 1e-14);
  EXPECT_EQ(consensus.beside()[1].numel(), 0);
}

TEST(Ramen, WithWeightsThatAreNotFrozenFollowsItsOwnCounts) {
  SmallAgent frozen_agent, agent;
  CountOptions counts;
  WeightedAdmm frozen({}, counts, {frozen_agent.named()});
  counts.freeze_weights = false;
  WeightedAdmm moving({}, counts, {agent.named()});
  ConsensusObjective a(*frozen_agent.own, frozen), b(*agent.own, moving);
  const Graph graph(2, Shape::path);
  const Message message{1, 0, 0, agent.like(), agent.some_counts()};
  frozen.hear(frozen_agent.theta, {graph, 0, {message}});
  moving.hear(agent.theta, {graph, 0, {message}});
  const at::Tensor before = moving.term()->curvature[0].clone();
  EXPECT_TRUE(at::equal(before, frozen.term()->curvature[0]));
  b.gradient();
  EXPECT_FALSE(at::equal(before, moving.term()->curvature[0])) << "the counts have grown";
  const at::Tensor in_step = moving.term()->curvature[0].clone();
  b.gradient();
  EXPECT_TRUE(at::equal(in_step, moving.term()->curvature[0])) << "the objective is frozen in a step";
  a.gradient();
  EXPECT_TRUE(at::equal(before, frozen.term()->curvature[0]));
}

TEST(Proximity, PullsTowardsTheCopies) {
  SmallAgent agent;
  Proximity consensus(0.4, StalePolicy::keep, {agent.named()});
  ConsensusObjective objective(*agent.own, consensus);
  EXPECT_EQ(objective.gradient().value.item<double>(), agent.loss().item<double>()) << "nobody was heard";
  const Graph graph(3, Shape::complete);
  const std::vector<Message> copies{{1, 0, 0, agent.like()}, {2, 0, 0, agent.like()}};
  consensus.hear(agent.theta, {graph, 0, copies});
  at::Tensor expected = agent.loss();
  for (const Message& copy : copies)
    for (std::size_t k = 0; k < copy.parameters.size(); ++k)
      expected = expected + 0.4 * (agent.theta[k] - copy.parameters[k]).square().sum();
  const std::vector<at::Tensor> gradients = torch::autograd::grad({expected}, agent.theta);
  EXPECT_NEAR(objective.gradient().value.item<double>(), expected.item<double>(), 1e-12);
  for (std::size_t k = 0; k < gradients.size(); ++k)
    EXPECT_LT((agent.theta[k].grad() - gradients[k]).abs().max().item<double>(), 1e-13);
}

/// θ, its gradient of ½a(θ − b)², and a consensus around it, of one number.
struct ScalarAgent {
  ScalarAgent(double a, double b, std::unique_ptr<Consensus> (*make)(const AgentPosition&)) : a_(a), b_(b) {
    theta = number(0);
    theta[0].requires_grad_();
    consensus = make({ParameterList{{"theta", theta[0]}}});
    own.emplace(theta, [this] {
      theta[0].mutable_grad() = at::Tensor();
      const at::Tensor value = 0.5 * a_ * (theta[0] - b_).square().sum();
      value.backward();
      return value;
    });
  }
  void descend(double rate) {
    ConsensusObjective(*own, *consensus).gradient();
    torch::NoGradGuard no_grad;
    theta[0].sub_(theta[0].grad(), rate);
    consensus->after_step(theta);
  }
  double value() const { return theta[0].item<double>(); }

  double a_, b_;
  std::vector<at::Tensor> theta;
  std::unique_ptr<Consensus> consensus;
  std::optional<ClosureObjective> own;
};

using Scalars = std::vector<std::unique_ptr<ScalarAgent>>;

Scalars scalars(std::unique_ptr<Consensus> (*make)(const AgentPosition&)) {
  Scalars agents;
  const double a[] = {1, 2, 4}, b[] = {0, 1, 3};
  for (int i = 0; i < 3; ++i) agents.push_back(std::make_unique<ScalarAgent>(a[i], b[i], make));
  return agents;
}

void exchange(const Scalars& agents, const Graph& graph, std::int64_t round) {
  std::vector<Message> sent;
  for (std::size_t i = 0; i < agents.size(); ++i)
    sent.push_back({static_cast<std::int64_t>(i),
                    0,
                    round,
                    {agents[i]->theta[0].detach().clone()},
                    agents[i]->consensus->beside()});
  for (std::size_t i = 0; i < agents.size(); ++i) {
    std::vector<Message> heard;
    for (const std::int64_t j : graph.neighbours(static_cast<std::int64_t>(i)))
      heard.push_back(sent[static_cast<std::size_t>(j)]);
    agents[i]->consensus->hear(agents[i]->theta, {graph, static_cast<std::int64_t>(i), heard});
  }
}

// On a path the Metropolis weights are 1/3 between neighbours; the ends keep 2/3.
constexpr double kPath[3][3] = {{2. / 3, 1. / 3, 0}, {1. / 3, 1. / 3, 1. / 3}, {0, 1. / 3, 2. / 3}};

TEST(GradientTracking, FollowsItsRecursionAndFindsTheCommonMinimum) {
  const Scalars agents = scalars([](const AgentPosition& position) -> std::unique_ptr<Consensus> {
    return std::make_unique<GradientTracking>(MixingWeights::metropolis, position);
  });
  const Graph path(3, Shape::path);
  constexpr double rate = 0.05;
  const double a[] = {1, 2, 4}, b[] = {0, 1, 3};
  double theta[3] = {}, y[3], g[3];
  for (int i = 0; i < 3; ++i) y[i] = g[i] = a[i] * (theta[i] - b[i]);
  for (std::int64_t round = 0; round < 400; ++round) {
    for (const auto& agent : agents) agent->descend(rate);
    exchange(agents, path, round);
    double next[3] = {}, mixed[3] = {};
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) {
        next[i] += kPath[i][j] * (theta[j] - rate * y[j]);
        mixed[i] += kPath[i][j] * y[j];
      }
    for (int i = 0; i < 3; ++i) {
      theta[i] = next[i];
      const double now = a[i] * (theta[i] - b[i]);
      y[i] = mixed[i] + now - g[i];
      g[i] = now;
      EXPECT_NEAR(agents[static_cast<std::size_t>(i)]->value(), theta[i], 1e-12);
    }
  }
  for (const auto& agent : agents) EXPECT_NEAR(agent->value(), 2, 1e-6);
}

TEST(Gossip, TakesTheGradientWhereItIsTold) {
  const auto make_mixed = [](const AgentPosition&) -> std::unique_ptr<Consensus> {
    return std::make_unique<Gossip>(MixingWeights::metropolis, GradientPoint::mixed);
  };
  const auto make_own = [](const AgentPosition&) -> std::unique_ptr<Consensus> {
    return std::make_unique<Gossip>(MixingWeights::uniform, GradientPoint::own);
  };
  const Scalars mixed = scalars(make_mixed), own = scalars(make_own);
  const Graph path(3, Shape::path), complete(3, Shape::complete);
  constexpr double rate = 0.1;
  const double a[] = {1, 2, 4}, b[] = {0, 1, 3};
  double at_mixed[3] = {}, at_own[3] = {};
  for (std::int64_t round = 0; round < 5; ++round) {
    exchange(mixed, path, round);
    exchange(own, complete, round);
    double next[3] = {}, mean = (at_own[0] + at_own[1] + at_own[2]) / 3;
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) next[i] += kPath[i][j] * at_mixed[j];
    for (int i = 0; i < 3; ++i) {
      at_mixed[i] = next[i] - rate * a[i] * (next[i] - b[i]);
      at_own[i] = mean - rate * a[i] * (at_own[i] - b[i]);
      const auto k = static_cast<std::size_t>(i);
      mixed[k]->descend(rate);
      own[k]->descend(rate);
      EXPECT_NEAR(mixed[k]->value(), at_mixed[i], 1e-13);
      EXPECT_NEAR(own[k]->value(), at_own[i], 1e-13);
    }
  }
}

TEST(FederatedAverage, WeighsByTheNumbersOfExamples) {
  const Graph graph(3, Shape::complete);
  const std::vector<at::Tensor> own = number(3);
  const ParameterList parameters{{"theta", own[0]}};
  FederatedAverage consensus({parameters, 10});
  EXPECT_EQ(consensus.beside()[0].item<double>(), 10);
  consensus.hear(own, {graph, 0, {{1, 0, 0, number(6), number(30)}, {2, 0, 0, number(-2), number(60)}}});
  EXPECT_NEAR(own[0].item<double>(), (10 * 3 + 30 * 6 - 60 * 2) / 100.0, 1e-15);
  consensus.hear(own, {graph, 0, {}});
  EXPECT_NEAR(own[0].item<double>(), 0.9, 1e-15);
}

}  // namespace
}  // namespace talweg::agents
