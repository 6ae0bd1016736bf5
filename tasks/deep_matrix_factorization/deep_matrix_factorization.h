#pragma once

#include "core/task/step_size_theory.h"
#include "core/task/task.h"
#include "models/deep_linear/deep_linear.h"
#include "tasks/deep_matrix_factorization/target.h"

namespace talweg::tasks {

struct DeepMatrixFactorizationOptions {
  TargetOptions target;
  models::DeepLinearOptions network;
  double loss_scale = 0.5;
};
void declare(config::Fields& f, DeepMatrixFactorizationOptions& o);

/// A deep linear network fitted to a matrix: c·‖W_L⋯W_1 − M‖², c = ½ in the theory. With the step size η of gradient
/// descent above 2/S_1, S_1 = L·σ_1^(2−2/L), the loss does not diverge: the leading singular values oscillate between
/// two values, then four, eight, …, and the layers become balanced. Modes are followed in the fixed bases of the
/// target; sorted singular values would cross. Use float64. Source: Ghosh et al. 2025, "Learning Dynamics of Deep
/// Matrix Factorization Beyond the Edge of Stability" (arXiv 2502.20531).
class DeepMatrixFactorization : public Task, public StepSizeTheory {
 public:
  DeepMatrixFactorization(const DeepMatrixFactorizationOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return *network_; }
  const data::Dataset& training_data() const override { return data_; }
  /// The gradient is the closed form.
  at::Tensor loss(const data::Batch& batch) override;
  /// Mode i of the product is π_i = u_iᵀW_L⋯W_1v_i. Its value in layer l is s_l = ‖W_l x‖ where x is the unit vector to
  /// which the layers below take v_i (u_iᵀW_L x in the last one); on aligned networks their product is π_i.
  ///   "loss";
  ///   "off_diagonal": what UᵀW_L⋯W_1V has beside its diagonal, "outside": what the product has outside of both bases;
  ///   "imbalance": max_l ‖W_{l+1}ᵀW_{l+1} − W_lW_lᵀ‖;
  ///   "gap_i" = max_{j,k} |s_j² − s_k²|, zero when mode i is balanced;
  ///   "layer_l_mode_i" = s_l, when there are no more than 24;
  ///   "mode_i" = π_i.
  Metrics evaluate() override;
  std::vector<plot::Figure> figures_over_time(const std::vector<metrics::Record>& records) override;

  /// describe_dynamics, for the step size in units of c = ½.
  std::string theory(double eta) const override;

  const Target& target() const { return target_; }
  const models::DeepLinear& network() const { return *network_; }

 private:
  /// s_l of every mode [L, r].
  at::Tensor layer_values() const;

  DeepMatrixFactorizationOptions options_;
  Target target_;
  std::shared_ptr<models::DeepLinear> network_;
  data::TensorDataset data_;
  at::Tensor matrix_;  // M where the network is
};

}  // namespace talweg::tasks
