#pragma once

#include "core/task/capabilities.h"
#include "core/task/task.h"

namespace talweg::tasks {

struct MatrixFactorizationOptions {
  std::int64_t width = 4;
  std::int64_t examples = 1000;
};
void declare(config::Fields& f, MatrixFactorizationOptions& o);

/// Two-layer linear network W₂W₁ fitted to y = Ax by the mean squared error, with the ill-conditioned A =
/// diag(linspace(1, 1e-10, 10))·U, U uniform on [0, 1] of shape [10, 6], and x standard normal. Not convex; widths of 6
/// and more interpolate. Source: experiments of Vaswani et al. 2019.
class MatrixFactorization : public Task, public PerExampleLosses {
 public:
  MatrixFactorization(const MatrixFactorizationOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return *training_; }
  at::Tensor loss(const data::Batch& batch) override;
  at::Tensor example_losses(const data::Batch& batch) override;
  /// "loss" over all examples.
  Metrics evaluate() override;

 private:
  torch::nn::Module module_;
  at::Tensor first_, second_;  // W₁ [width, 6], W₂ [10, width]
  std::unique_ptr<data::TensorDataset> training_;
};

}  // namespace talweg::tasks
