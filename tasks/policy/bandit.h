#pragma once

#include "core/task/capabilities.h"
#include "core/task/task.h"

namespace talweg::tasks {

struct BanditOptions {
  std::vector<double> rewards{1, 0.8, 0.1};
  double initial_deviation = 0;
};
void declare(config::Fields& f, BanditOptions& o);
void validate(const BanditOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Softmax policy on K arms of known mean rewards, with exact gradients: π = softmax(θ), f = ⟨π, r* − r⟩. The sum of
/// gaps is free of cancellation, so f falls far below the precision of the rewards. Source: Vaswani and Babanezhad
/// 2025.
class Bandit : public Task, public KnownSmoothness, public NaturalGradient, public NoisyFunction {
 public:
  Bandit(const BanditOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return data_; }
  at::Tensor loss(const data::Batch& batch) override;
  /// "loss" (sub-optimality) and "best_arm" (its probability).
  Metrics evaluate() override;
  /// 5/2, for rewards in [0, 1].
  double smoothness() override { return 2.5; }
  /// r* − r up to a constant, which changes no policy.
  Direction natural_gradient() override;
  /// Pulls an arm of each policy softmax(x_i) per seed and returns its gap r* − r_a, whose mean is the loss there.
  at::Tensor observe(const at::Tensor& points, std::span<const std::uint64_t> seeds, std::int64_t step) override;

 private:
  torch::nn::Module module_;
  data::TensorDataset data_;
  at::Tensor logits_;  // θ [K]
  at::Tensor gaps_;    // r* − r [K]
};

}  // namespace talweg::tasks
