// The policy-gradient tasks against an independent evaluation of the policy, and the gradient-domination properties
// that their rates rest on (Vaswani and Babanezhad 2025; Mei et al. 2020).
#include <gtest/gtest.h>

#include <cmath>

#include "core/libtorch.h"
#include "core/task/capabilities.h"
#include "tasks/descent.h"

namespace talweg::tasks {
namespace {

/// The default Markov decision process, built and evaluated from its definition.
struct Reference {
  static constexpr int kStates = 3, kActions = 2;
  static constexpr double kDiscount = 0.9;
  at::Tensor transitions = at::empty({kStates, kActions, kStates}, at::kDouble);
  at::Tensor rewards = at::empty({kStates, kActions}, at::kDouble);

  Reference() {
    for (int s = 0; s < kStates; ++s)
      for (int a = 0; a < kActions; ++a) {
        rewards[s][a] = ((2 * s + 3 * a + 1) % 5) / 4.0;
        for (int next = 0; next < kStates; ++next) transitions[s][a][next] = 1.0 + (s + 2 * a + 3 * next) % 5;
      }
    transitions /= transitions.sum(2, true);
  }

  at::Tensor transitions_under(const at::Tensor& policy) const {
    return at::einsum("sa,sat->st", {policy, transitions});
  }
  at::Tensor values(const at::Tensor& policy) const {
    return at::linalg_inv(at::eye(kStates, at::kDouble) - kDiscount * transitions_under(policy))
        .mv((policy * rewards).sum(1));
  }
  /// Discounted state visitation from the uniform start, normalised to 1.
  at::Tensor visitation(const at::Tensor& policy) const {
    const at::Tensor start = at::full({kStates}, 1.0 / kStates, at::kDouble);
    return (1 - kDiscount) *
           at::linalg_inv(at::eye(kStates, at::kDouble) - kDiscount * transitions_under(policy)).t().mv(start);
  }
  /// By value iteration.
  at::Tensor optimal_policy() const {
    at::Tensor value = at::zeros({kStates}, at::kDouble), action_values;
    for (int i = 0; i < 2000; ++i) {
      action_values = rewards + kDiscount * transitions.matmul(value);
      value = std::get<0>(action_values.max(1));
    }
    return at::one_hot(action_values.argmax(1), kActions).to(at::kDouble);
  }
};

void set_logits(Descent& descent, const at::Tensor& values) {
  torch::NoGradGuard no_grad;
  at::Tensor parameter = descent.task().module().parameters().front();
  parameter.copy_(values);
}

at::Tensor gradient_of(Descent& descent) {
  at::Tensor parameter = descent.task().module().parameters().front();
  parameter.mutable_grad() = at::Tensor();
  descent.task().loss(descent.task().training_data().batch(std::vector<std::int64_t>{0}, 0)).backward();
  return parameter.grad().clone();
}

TEST(Mdp, LossAndGradientAgreeWithTheDefinition) {
  const Reference reference;
  const double best = reference.values(reference.optimal_policy()).mean().item<double>();
  Descent descent("mdp", "natural_gradient");
  torch::manual_seed(3);
  for (int trial = 0; trial < 5; ++trial) {
    const at::Tensor theta = at::randn({Reference::kStates, Reference::kActions}, at::kDouble);
    const auto gap = [&](const at::Tensor& at) {
      return best - reference.values(at::softmax(at, 1)).mean().item<double>();
    };
    set_logits(descent, theta);
    EXPECT_NEAR(descent.loss(), gap(theta), 1e-12);
    const at::Tensor gradient = gradient_of(descent);
    for (int s = 0; s < Reference::kStates; ++s)
      for (int a = 0; a < Reference::kActions; ++a) {
        constexpr double h = 1e-5;
        at::Tensor ahead = theta.clone(), behind = theta.clone();
        ahead[s][a] += h;
        behind[s][a] -= h;
        EXPECT_NEAR(gradient[s][a].item<double>(), (gap(ahead) - gap(behind)) / (2 * h), 1e-7);
      }
  }
}

/// ‖∇f‖ ≥ min_s π(a*(s)|s)/√S · ‖d^{π*}/d^π‖_∞^{-1} · f.
TEST(Mdp, GradientDominatesTheLoss) {
  const Reference reference;
  const at::Tensor optimal = reference.optimal_policy();
  const at::Tensor optimal_visitation = reference.visitation(optimal);
  Descent descent("mdp", "natural_gradient");
  torch::manual_seed(4);
  for (int trial = 0; trial < 100; ++trial) {
    const at::Tensor theta = 2 * at::randn({Reference::kStates, Reference::kActions}, at::kDouble);
    set_logits(descent, theta);
    const at::Tensor policy = at::softmax(theta, 1);
    const double worst = (policy * optimal).sum(1).min().item<double>();
    const double mismatch = (optimal_visitation / reference.visitation(policy)).max().item<double>();
    const double bound = worst / std::sqrt(Reference::kStates) / mismatch * descent.loss();
    EXPECT_GE(gradient_of(descent).norm().item<double>(), bound);
  }
}

/// The natural gradient solves F·d = ∇f with the Fisher information F of the policy under its own visitation.
TEST(Mdp, NaturalGradientInvertsTheFisherInformation) {
  const Reference reference;
  Descent descent("mdp", "natural_gradient");
  torch::manual_seed(5);
  const at::Tensor theta = at::randn({Reference::kStates, Reference::kActions}, at::kDouble);
  set_logits(descent, theta);
  const at::Tensor gradient = gradient_of(descent), policy = at::softmax(theta, 1);
  const at::Tensor visitation = reference.visitation(policy);
  const at::Tensor direction = dynamic_cast<NaturalGradient&>(descent.task()).natural_gradient().front();
  for (int s = 0; s < Reference::kStates; ++s) {
    const at::Tensor p = policy[s];
    const at::Tensor fisher = visitation[s] * (at::diag(p) - at::outer(p, p));
    EXPECT_LT((fisher.mv(direction[s]) - gradient[s]).abs().max().item<double>(), 1e-12);
  }
}

TEST(Bandit, GradientDominatesTheLoss) {
  Descent descent("{type: bandit, rewards: [1, 0.8, 0.1, 0.3]}", "natural_gradient");
  torch::manual_seed(6);
  for (int trial = 0; trial < 100; ++trial) {
    const at::Tensor theta = 2 * at::randn({4}, at::kDouble);
    set_logits(descent, theta);
    EXPECT_GE(gradient_of(descent).norm().item<double>(), at::softmax(theta, 0)[0].item<double>() * descent.loss());
  }
}

/// The natural gradient moves the logits at constant speed: π_t ∝ exp(ηt·r).
TEST(Bandit, NaturalGradientHasAClosedForm) {
  Descent descent("{type: bandit, rewards: [1, 0.8, 0.1]}", "{type: natural_gradient, learning_rate: 0.5}");
  const at::Tensor rewards = at::tensor({1.0, 0.8, 0.1}, at::kDouble);
  for (int t = 1; t <= 20; ++t) {
    descent.step();
    const double expected = at::softmax(0.5 * t * rewards, 0).dot(1 - rewards).item<double>();
    EXPECT_NEAR(descent.loss(), expected, 1e-13);
  }
}

// The gap of an arm a ~ softmax(x) has the mean ⟨π, r* − r⟩ and the variance ⟨π, (r* − r)²⟩ − ⟨π, r* − r⟩².
TEST(Bandit, PulledArmsHaveMeanAndVarianceOfTheirPolicies) {
  Descent descent("{type: bandit, rewards: [0.9, 0.5, 0.1]}", "sgd");
  const at::Tensor points = at::tensor({0.0, 0.0, 0.0, 1.0, -1.0, 0.5}, at::kDouble).view({2, 3});
  constexpr std::int64_t kDraws = 4000;
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t i = 0; i < 2 * kDraws; ++i) seeds.push_back(RandomStreams(3).seed_of("pulls", i));
  const at::Tensor observed = dynamic_cast<NoisyFunction&>(descent.task()).observe(points, seeds, 0);
  const at::Tensor gaps = at::tensor({0.0, 0.4, 0.8}, at::kDouble);
  for (std::int64_t i = 0; i < 2; ++i) {
    const at::Tensor weights = points[i].exp(), policy = weights / weights.sum();
    const double mean = (policy * gaps).sum().item<double>();
    const double variance = (policy * gaps.square()).sum().item<double>() - mean * mean;
    EXPECT_NEAR(observed[i].mean().item<double>(), mean, 4.5 * std::sqrt(variance / kDraws)) << i;
    EXPECT_NEAR(observed[i].var().item<double>(), variance, 0.1 * variance) << i;
  }
  set_logits(descent, points[1]);
  EXPECT_TRUE(at::equal(dynamic_cast<NoisyFunction&>(descent.task()).observe(points, seeds, 0), observed))
      << "where the parameters stand has no part in it";
}

// From pulled arms alone, without the rewards that policy gradients are made of.
TEST(Bandit, SpsaFindsTheBestArm) {
  Descent descent("{type: bandit, rewards: [0.9, 0.5, 0.1]}",
                  "{type: spsa, learning_rate: 6, stability: 20, perturbation: 0.5, draws: 4, directions: 2}");
  for (int step = 0; step < 400; ++step) descent.step();
  const at::Tensor logits = descent.task().module().parameters().front().detach();
  EXPECT_GT(at::softmax(logits, 0)[0].item<double>(), 0.9);
}

}  // namespace
}  // namespace talweg::tasks
