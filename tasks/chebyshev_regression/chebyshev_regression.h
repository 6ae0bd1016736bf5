#pragma once

#include "core/task/task.h"
#include "models/tensor_model.h"

namespace talweg::tasks {

struct ChebyshevRegressionOptions {
  std::int64_t degree = 4;
  std::int64_t examples = 20;
  config::Component<models::TensorModelKind> model{"mlp"};
};
void declare(config::Fields& f, ChebyshevRegressionOptions& o);

/// A model fitted to the Chebyshev polynomial T_k at points evenly spaced on [−1, 1]: mean of ½(f(x) − T_k(x))². The
/// smallest problem on which gradient descent reaches the edge of stability. Source: Cohen et al. 2021 ("Gradient
/// Descent on Neural Networks Typically Occurs at the Edge of Stability"), their one-dimensional task.
class ChebyshevRegression : public Task {
 public:
  ChebyshevRegression(const ChebyshevRegressionOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return *model_; }
  const data::Dataset& training_data() const override { return *training_; }
  at::Tensor loss(const data::Batch& batch) override;
  /// "loss" at the same points.
  Metrics evaluate() override;
  /// The fitted function beside the polynomial.
  std::vector<plot::Figure> figures() override;

 private:
  std::int64_t degree_;
  std::shared_ptr<models::TensorModel> model_;
  std::unique_ptr<data::TensorDataset> training_;
};

}  // namespace talweg::tasks
