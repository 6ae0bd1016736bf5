// Consensus ADMM with weights: what its derivation promises (docs/agents.md), on numbers.
#include "core/agents/weighted_admm.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "core/agents/quadratic_team.h"

namespace talweg::agents {
namespace {

AdmmOptions admm(double penalty, Dual dual = Dual::aggregated, StalePolicy policy = StalePolicy::keep) {
  AdmmOptions options;
  options.penalty = penalty;
  options.dual = dual;
  options.stale_policy = policy;
  return options;
}

/// Three agents on a complete graph whose common minimum is (0 + 2 + 12)/7 = 2.
QuadraticTeam three(const LinkOptions& links, const AdmmOptions& options) {
  return QuadraticTeam({1, 2, 4}, {0, 1, 3}, Graph(3, Shape::complete), links, [&](const AgentPosition& position) {
    return std::make_unique<WeightedAdmm>(options, std::nullopt, position);
  });
}

/// Numbers of agents with weights W_ij of every link, by the library's round and by explicit multipliers.
struct WeightedTeam {
  explicit WeightedTeam(double penalty) : round{penalty, 0} {
    for (QuadraticTerm& term : terms) term.linear = number(0);
  }

  /// A round with W[i][j] for i ≠ j, and then every agent's minimum.
  void exchange(const double (&W)[3][3]) {
    const auto before = theta;
    for (int i = 0; i < 3; ++i) {
      std::vector<NeighbourCopy> copies;
      for (int j = 0; j < 3; ++j)
        if (j != i) {
          // A weight is slope·count + offset: with the slope 0 each link has one of its own.
          NeighbourCopy copy;
          copy.parameters = number(before[j]);
          copy.counts = number(W[j][i]);
          copy.weights = {1, 0};
          copies.push_back(copy);
        }
      // One's own weight differs by link, so links are placed one by one and added up.
      double linear = terms[i].linear[0].item<double>(), curvature = 0, pull = 0;
      for (std::size_t n = 0; n < copies.size(); ++n) {
        QuadraticTerm one;
        one.linear = number(0);
        const int j = static_cast<int>(n) < i ? static_cast<int>(n) : static_cast<int>(n) + 1;
        round.place(number(before[i]), number(W[i][j]), {copies[n]}, one);
        linear += one.linear[0].item<double>();
        curvature += one.curvature[0].item<double>();
        pull += one.curvature[0].item<double>() * one.centre[0].item<double>();
      }
      terms[i].linear[0].fill_(linear);
      theta[i] = (a[i] * b[i] - linear + pull) / (a[i] + curvature);
    }
  }
  double dual(int i) const { return terms[i].linear[0].item<double>(); }

  const double a[3] = {1, 2, 4}, b[3] = {0, 1, 3};
  WeightedRound round;
  QuadraticTerm terms[3];
  std::array<double, 3> theta{};
};

TEST(WeightMap, TakesTheLeastSumToTheFloorAndTheLargestToOne) {
  const std::vector<at::Tensor> own{at::tensor({0., 3., 10.}, at::kDouble)},
      other{at::tensor({0., 1., 30.}, at::kDouble)};
  const WeightMap map = weights_of_counts(own, other, 1e-3);
  const double rho = 1e-4;
  const auto weight = [&](double count) { return rho * std::max(1e-3, map.slope * count + map.offset); };
  EXPECT_NEAR(weight(0), 1e-7, 1e-12);
  EXPECT_NEAR(weight(3), 7.5925e-6, 1e-12);
  EXPECT_NEAR(weight(10), 2.5075e-5, 1e-12);
  EXPECT_NEAR(weight(1), 2.5975e-6, 1e-12);
  EXPECT_NEAR(weight(30), 7.5025e-5, 1e-12);
  EXPECT_NEAR(weight(3) / (weight(3) + weight(1)), 0.745093, 1e-6);
  EXPECT_NEAR(weight(10) / (weight(10) + weight(30)), 0.250500, 1e-6);
}

TEST(WeightMap, OfEqualCountsIsOne) {
  const std::vector<at::Tensor> counts{at::full({4}, 5.0)};
  const WeightMap map = weights_of_counts(counts, counts, 1e-3);
  EXPECT_EQ(map.slope, 0);
  EXPECT_EQ(map.offset, 1);
}

// T6: the share of a stale copy shrinks while the agent's own count grows.
TEST(WeightMap, LetsAStaleCopyFade) {
  const auto share_of_stale = [](double own, double stale) {
    const WeightMap map = weights_of_counts({at::tensor({0., own, 999 - stale}, at::kDouble)},
                                            {at::tensor({0., stale, stale}, at::kDouble)}, 1e-3);
    const double mine = map.slope * own + map.offset, theirs = map.slope * stale + map.offset;
    return theirs / (mine + theirs);
  };
  EXPECT_NEAR(share_of_stale(100, 25), 0.204724, 1e-6);
  EXPECT_NEAR(share_of_stale(25, 25), 0.5, 1e-12);
  double last = 1;
  for (const double own : {0., 10., 50., 200., 700.}) {
    EXPECT_LT(share_of_stale(own, 25), last);
    last = share_of_stale(own, 25);
  }
}

// T4: the minimum of the sum, from the same first rounds as an independent computation.
TEST(WeightedRound, ComesToTheCommonMinimumWhateverTheWeights) {
  const double W[3][3] = {{0, 1.0, 0.2}, {0.5, 0, 0.8}, {0.1, 0.3, 0}};
  WeightedTeam team(1);
  team.exchange(W);
  EXPECT_NEAR(team.theta[0], 0, 1e-9);
  EXPECT_NEAR(team.theta[1], 0.434782609, 1e-9);
  EXPECT_NEAR(team.theta[2], 2.5, 1e-9);
  team.exchange(W);
  EXPECT_NEAR(team.theta[0], 0.366581415, 1e-9);
  EXPECT_NEAR(team.theta[1], 0.946325256, 1e-9);
  EXPECT_NEAR(team.theta[2], 2.402283707, 1e-9);
  EXPECT_NEAR(team.dual(0), -0.623188406, 1e-9);
  EXPECT_NEAR(team.dual(1), -0.611330698, 1e-9);
  EXPECT_NEAR(team.dual(2), 1.234519104, 1e-9);
  for (int r = 2; r < 50; ++r) team.exchange(W);
  for (const double theta : team.theta) EXPECT_LT(std::abs(theta - 2), 1e-7);
  for (int r = 50; r < 100; ++r) team.exchange(W);
  for (const double theta : team.theta) EXPECT_LT(std::abs(theta - 2), 1e-12);
  EXPECT_NEAR(team.dual(0), -2, 1e-11);
  EXPECT_NEAR(team.dual(1), -2, 1e-11);
  EXPECT_NEAR(team.dual(2), 4, 1e-11);
}

// T2 and T3: explicit multipliers λ of Θ_i = z_ij and v of Θ_j = z_ij cancel for weights that change every round, the
// dual is 2 Σ_j λ_ij, and the duals of all agents add up to nothing.
TEST(WeightedRound, IsWhatExplicitMultipliersGiveWhenWeightsChange) {
  WeightedTeam team(1);
  double lambda[3][3] = {}, v[3][3] = {};
  RandomGenerator random(3);
  for (int r = 0; r < 60; ++r) {
    double W[3][3];
    for (auto& row : W)
      for (double& w : row) w = 0.001 + 0.999 * random.uniform();
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) {
        if (i == j) continue;
        const double own = team.theta[i], other = team.theta[j];
        const double z = (W[i][j] * own + W[j][i] * other + lambda[i][j] + v[i][j]) / (W[i][j] + W[j][i]);
        lambda[i][j] += W[i][j] * (own - z);
        v[i][j] += W[j][i] * (other - z);
        EXPECT_NEAR(lambda[i][j] + v[i][j], 0, 1e-14);
      }
    team.exchange(W);
    for (int i = 0; i < 3; ++i) {
      double p = 0;
      for (int j = 0; j < 3; ++j)
        if (j != i) p += lambda[i][j] + v[j][i];
      EXPECT_NEAR(team.dual(i), p, 1e-13);
    }
    EXPECT_NEAR(team.dual(0) + team.dual(1) + team.dual(2), 0, 5e-14);
  }
}

TEST(WeightedRound, OfRandomWeightsEveryRoundStillConverges) {
  WeightedTeam team(1);
  RandomGenerator random(4);
  for (int r = 0; r < 1000; ++r) {
    double W[3][3];
    for (auto& row : W)
      for (double& w : row) w = 0.001 + 0.999 * random.uniform();
    team.exchange(W);
  }
  for (const double theta : team.theta) EXPECT_NEAR(theta, 2, 1e-12);
}

// T1: with all weights 1 the rounds are p_i += ρ Σ_j (θ_i − θ_j) and targets half-way, DiNNO's.
TEST(WeightedAdmm, WithoutCountsIsDinno) {
  constexpr double rho = 0.1;
  QuadraticTeam team = three({}, admm(rho));
  const double a[] = {1, 2, 4}, b[] = {0, 1, 3};
  double theta[3] = {}, p[3] = {};
  for (int r = 0; r < 100; ++r) {
    team.round();
    std::array<double, 3> next;
    for (int i = 0; i < 3; ++i) {
      double targets = 0;
      for (int j = 0; j < 3; ++j) {
        if (j == i) continue;
        p[i] += rho * (theta[i] - theta[j]);
        targets += (theta[i] + theta[j]) / 2;
      }
      next[i] = (a[i] * b[i] - p[i] + 2 * rho * targets) / (a[i] + 4 * rho);
    }
    for (int i = 0; i < 3; ++i) {
      theta[i] = next[i];
      EXPECT_NEAR(team.theta(static_cast<std::size_t>(i)), theta[i], 1e-13);
    }
  }
  EXPECT_LT(std::abs(team.theta(0) - 2), 1e-4);
}

// T5: what is lost on both sides of a link together changes nothing in the end.
TEST(WeightedAdmm, ClearedCopiesOfSymmetricLossesLeaveTheOptimum) {
  LinkOptions links;
  links.drop_by = DropBy::link;
  for (const double drop : {0.3, 0.5, 0.8}) {
    links.drop = drop;
    QuadraticTeam team = three(links, admm(1, Dual::aggregated, StalePolicy::clear));
    for (int r = 0; r < 200; ++r) {
      team.round();
      EXPECT_NEAR(team.sum_of_duals(), 0, 1e-13);
    }
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(team.theta(i), 2, 1e-8) << drop;
  }
}

// T5: stale copies leave Σp ≠ 0, and with it a common value that is exactly off by Σp/Σa.
TEST(WeightedAdmm, KeptStaleCopiesMissTheOptimumByTheSumOfTheDuals) {
  LinkOptions links;
  links.drop_by = DropBy::link;
  for (const double drop : {0.3, 0.5, 0.8}) {
    links.drop = drop;
    QuadraticTeam team = three(links, admm(1));
    for (int r = 0; r < 1500; ++r) team.round();
    EXPECT_GT(std::abs(team.sum_of_duals()), 1e-3) << drop;
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(team.theta(i), (14 - team.sum_of_duals()) / 7, 1e-9) << drop;
  }
}

TEST(WeightedAdmm, DualsOfSilentEdgesRest) {
  const Graph graph(2, Shape::path);
  const std::vector<at::Tensor> theta = number(1);
  WeightedAdmm consensus(admm(0.5, Dual::per_edge), std::nullopt, {ParameterList{{"theta", theta[0]}}});
  consensus.hear(theta, {graph, 0, {{1, 0, 0, number(3)}}});
  EXPECT_NEAR(consensus.term()->linear[0].item<double>(), 0.5 * (1 - 3), 1e-15);
  consensus.hear(theta, {graph, 0, {}});
  EXPECT_EQ(consensus.term()->linear[0].item<double>(), 0) << "nobody was heard";
  EXPECT_NEAR(consensus.term()->centre[0].item<double>(), 2, 1e-15) << "the copy is kept";
  consensus.hear(theta, {graph, 0, {{1, 0, 2, number(3)}}});
  EXPECT_NEAR(consensus.term()->linear[0].item<double>(), 2 * 0.5 * (1 - 3), 1e-15) << "it goes on where it was";
}

TEST(WeightedAdmm, PenaltyGrowsAndGradientIsScaledWhereAsked) {
  const Graph graph(2, Shape::path);
  const std::vector<at::Tensor> theta = number(1);
  AdmmOptions options = admm(0.5, Dual::none);
  options.penalty_growth = 1.1;
  options.objective_gradient_scale = 2;
  WeightedAdmm consensus(options, std::nullopt, {ParameterList{{"theta", theta[0]}}});
  for (int r = 0; r < 2; ++r) consensus.hear(theta, {graph, 0, {{1, 0, r, number(3)}}});
  EXPECT_NEAR(consensus.term()->uniform_curvature, 2 * 0.5 * 1.21, 1e-15);
  EXPECT_TRUE(consensus.term()->linear.empty());
  theta[0].mutable_grad() = at::full({1}, 10.0, at::kDouble);
  consensus.term()->add_gradient(theta);
  EXPECT_NEAR(theta[0].grad().item<double>(), 2 * 10 + 2 * 0.5 * 1.21 * (1 - 2), 1e-14);
}

}  // namespace
}  // namespace talweg::agents
