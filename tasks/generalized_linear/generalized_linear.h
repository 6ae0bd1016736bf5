#pragma once

#include "core/task/capabilities.h"
#include "core/task/reads_files.h"
#include "core/task/task.h"
#include "tasks/classification/data_source.h"

namespace talweg::tasks {

struct GeneralizedLinearOptions {
  config::Component<ClassificationDataKind> data{"golden_separable"};
  std::vector<double> teacher{3, -2, 1, 0.5};
};
void declare(config::Fields& f, GeneralizedLinearOptions& o);

/// Generalised linear model with logistic link and squared loss: f = 1/(2n) Σ (σ(⟨x_i, θ⟩) − y_i)², not convex, θ_0 =
/// 0. The targets come from a teacher, y_i = σ(⟨x_i, θ*⟩), so the smallest loss is 0, or are the labels 0 and 1 of the
/// data. Source: Vaswani and Babanezhad 2025 (the factor 1/2 is ours).
class GeneralizedLinear : public Task,
                          public LinearInParameters,
                          public KnownSmoothness,
                          public PerExampleLosses,
                          public ReadsFiles {
 public:
  /// Throws ConfigError when the teacher does not fit the data.
  GeneralizedLinear(const GeneralizedLinearOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return *training_; }
  const io::FileFingerprints& files_read() const override { return files_; }
  at::Tensor loss(const data::Batch& batch) override;
  at::Tensor example_losses(const data::Batch& batch) override;
  /// "loss", and with a teacher "parameter_error" ‖θ − θ*‖.
  Metrics evaluate() override;

  bool is_linear() const override { return true; }
  bool is_convex() const override { return false; }
  at::Tensor outputs(const data::Batch& batch) override;
  std::vector<at::Tensor> pull_back(const at::Tensor& residual, const data::Batch& batch) override;
  at::Tensor losses(const at::Tensor& outputs, const data::Batch& batch) override;
  ValueAndResidual value_and_residual(const at::Tensor& outputs, const data::Batch& batch) override;
  /// 0.0770293·λ_max(XᵀX)/n: the curvature of a term is at most 0.0770293‖x_i‖² whatever y_i ∈ [0, 1].
  double smoothness() override;

 private:
  io::FileFingerprints files_;
  torch::nn::Module module_;
  at::Tensor weights_;  // θ [d]
  at::Tensor teacher_;  // θ* [d], or undefined
  std::unique_ptr<data::TensorDataset> training_;
};

}  // namespace talweg::tasks
