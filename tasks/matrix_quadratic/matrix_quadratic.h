#pragma once

#include <optional>

#include "core/task/task.h"
#include "tasks/matrix_quadratic/matrix_target.h"

namespace talweg::tasks {

struct MatrixQuadraticOptions : MatrixTargetOptions {
  std::vector<double> row_curvatures;
  std::vector<double> column_curvatures;
  double start = 0;
  std::optional<double> collapse_step;
};
void declare(config::Fields& f, MatrixQuadraticOptions& o);
void validate(const MatrixQuadraticOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// f(W) = ½⟨W − A, B(W − A)C⟩ for one weight matrix W with positive diagonal B and C: the gradient B(W − A)C is that of
/// a reversible layer (AdaRankGrad), whose rank collapses under descent, κ = 1 − σ₁²/‖G‖² by the factor ((1 − ηb₂c₂)/(1
/// − ηb₁c₁))² of its two slowest modes. The target A is also the subject of studies of what low-rank optimizers are
/// made of. Source: Refael et al. 2024 (lemma on rank-one gradients); the rest ours.
class MatrixQuadratic : public Task {
 public:
  MatrixQuadratic(const MatrixQuadraticOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return data_; }
  at::Tensor loss(const data::Batch& batch) override;
  /// "distance" (‖W − A‖), "gradient_norm", "rank_one_residual" (κ), "relative_loss" (to that of the start), "loss".
  Metrics evaluate() override;
  std::vector<plot::Figure> figures_over_time(const std::vector<metrics::Record>& records) override;

 private:
  at::Tensor gradient() const;

  MatrixQuadraticOptions options_;
  torch::nn::Module module_;
  data::TensorDataset data_;
  at::Tensor weight_, target_;
  at::Tensor row_curvatures_, column_curvatures_;  // [m, 1], [1, n]
  double start_loss_;
};

}  // namespace talweg::tasks
