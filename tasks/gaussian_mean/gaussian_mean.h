#pragma once

#include "core/task/capabilities.h"
#include "core/task/task.h"

namespace talweg::tasks {

struct GaussianMeanOptions {
  std::int64_t dimension = 1000;
  std::int64_t examples = 1000;
  double offset = 0.8;
  double deviation = 0.1;
};
void declare(config::Fields& f, GaussianMeanOptions& o);

/// The mean of points x_i = a·e_1 + N(0, s²/d·I) by gradient descent on ½‖θ − x_i‖² from θ = 0. Strongly convex and
/// smooth (μ = L = 1), with a known optimum: what noise and a bounded domain cost is seen in the excess loss
/// ½‖θ − a·e_1‖². Source: ours.
class GaussianMean : public Task, public PerExampleLosses, public KnownSmoothness {
 public:
  GaussianMean(const GaussianMeanOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return *training_; }
  at::Tensor loss(const data::Batch& batch) override { return example_losses(batch).mean(); }
  at::Tensor example_losses(const data::Batch& batch) override;
  /// "norm" of θ and "loss", the excess over the optimum of the population.
  Metrics evaluate() override;
  double smoothness() override { return 1; }

 private:
  double offset_;
  torch::nn::Module module_;
  at::Tensor point_;  // θ [d]
  std::unique_ptr<data::TensorDataset> training_;
};

}  // namespace talweg::tasks
