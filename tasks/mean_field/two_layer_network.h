#pragma once

#include <memory>

#include "core/task/projected_parameters.h"
#include "core/task/task.h"
#include "tasks/mean_field/network_options.h"

namespace talweg::tasks {

struct TwoLayerNetworkOptions : NetworkOptions {
  std::int64_t width = 16;
  std::int64_t dimension = 200;
};
void declare(config::Fields& f, TwoLayerNetworkOptions& o);
void validate(const TwoLayerNetworkOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// The network that the mean-field equations are about: f(x) = (1/m)Σ a_i σ(⟨w_i, x⟩) on Gaussian examples y = φ(Uᵀx) +
/// τε, rows of W put back to unit length after every step. After k steps of learning rate lr, the theory's time is t =
/// k·lr·d/n. The loss is ½(y − f)². Source: Montanari and Urbani 2025, §1, App. I.
class TwoLayerNetwork : public Task, public ProjectedParameters {
 public:
  TwoLayerNetwork(const TwoLayerNetworkOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return *training_; }
  at::Tensor loss(const data::Batch& batch) override;
  /// "start" (mean ⟨w_i, w_i(0)⟩), "neurons" (mean overlap of two), "a" (mean), "overlap" (length of the mean of
  /// Uᵀw_i), "train_error" of all examples, "loss": the test error, in closed form.
  Metrics evaluate() override;
  void project() override;
  std::string announcement() const override;

 private:
  at::Tensor target(const at::Tensor& z) const;

  TwoLayerNetworkOptions options_;
  mean_field::Activation activation_;
  mean_field::Problem problem_;
  std::vector<double> powers_;  // σ as a polynomial
  std::int64_t examples_;
  torch::nn::Module module_;
  at::Tensor weights_, second_layer_, start_;
  std::unique_ptr<data::TensorDataset> training_;
};

}  // namespace talweg::tasks
