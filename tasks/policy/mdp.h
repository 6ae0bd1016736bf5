#pragma once

#include "core/task/capabilities.h"
#include "core/task/task.h"

namespace talweg::tasks {

struct MdpOptions {
  std::int64_t states = 3;
  std::int64_t actions = 2;
  double discount = 0.9;
  bool random = false;
};
void declare(config::Fields& f, MdpOptions& o);

/// Tabular Markov decision process with a softmax policy π(·|s) = softmax(θ_s) and exact gradients. The loss is the
/// sub-optimality V*(ρ) − V^π(ρ) = Σ_s d^π(s) Σ_a π(a|s)(−A*(s,a))/(1−γ) with the advantage A* of the optimal policy: a
/// sum of non-negative terms, free of cancellation. ρ is uniform. Source: Vaswani and Babanezhad 2025;
/// performance-difference lemma of Kakade and Langford 2002.
class Mdp : public Task, public KnownSmoothness, public NaturalGradient {
 public:
  /// By default transitions and rewards follow a formula: P(s'|s,a) ∝ 1 + ((s + 2a + 3s') mod 5), r(s,a) = ((2s + 3a +
  /// 1) mod 5)/4.
  Mdp(const MdpOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return data_; }
  at::Tensor loss(const data::Batch& batch) override;
  /// "loss" (sub-optimality) and "optimal_actions" (their mean probability).
  Metrics evaluate() override;
  std::vector<plot::Figure> figures() override;
  /// 8/(1 − γ)³ (Mei et al. 2020).
  double smoothness() override;
  /// −A^π(s,a)/(1 − γ).
  Direction natural_gradient() override;

 private:
  /// P_π [s, s'] and r_π [s] of a policy [s, a].
  at::Tensor transitions_under(const at::Tensor& policy) const;
  at::Tensor rewards_under(const at::Tensor& policy) const { return (policy * rewards_).sum(1); }
  at::Tensor action_values(const at::Tensor& values) const;
  void solve();

  double discount_;
  torch::nn::Module module_;
  data::TensorDataset data_;
  at::Tensor logits_;          // θ [s, a]
  at::Tensor transitions_;     // P [s, a, s']
  at::Tensor rewards_;         // r [s, a]
  at::Tensor start_;           // ρ [s]
  at::Tensor optimal_values_;  // V* [s]
  at::Tensor regrets_;         // −A*(s, a) ≥ 0
};

}  // namespace talweg::tasks
