#pragma once

#include "core/train/task.h"
#include "models/deep_linear.h"
#include "tasks/deep_matrix_factorization/network_batch.h"
#include "tasks/deep_matrix_factorization/orbit_statistics.h"
#include "tasks/deep_matrix_factorization/target.h"

namespace talweg::tasks {

/// `count` step sizes from `from` to `to`, evenly spaced.
struct StepSizeRange {
  double from = 0.01;
  double to = 0.04;
  std::int64_t count = 1000;
};
void declare(config::Fields& f, StepSizeRange& o);
void validate(const StepSizeRange& o, const config::Value& where, config::Diagnostics& diagnostics);

/// dense: full matrices. diagonal: a number per mode and layer, which is what dense networks with aligned singular
/// vectors reduce to; deep diagonal networks, whose modes cannot mix.
enum class NetworkShape { dense, diagonal };
inline std::vector<std::pair<std::string, NetworkShape>> choices(NetworkShape) {
  return {{"dense", NetworkShape::dense}, {"diagonal", NetworkShape::diagonal}};
}

struct BifurcationOptions {
  TargetOptions target;
  models::DeepLinearOptions network;
  NetworkShape shape = NetworkShape::dense;
  std::vector<double> step_sizes;
  std::optional<StepSizeRange> range;
  std::int64_t followed = 128;
  double tolerance = 1e-9;
  double divergence = 100;
};
void declare(config::Fields& f, BifurcationOptions& o);
void validate(const BifurcationOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Gradient descent of many deep linear networks that differ in nothing but their step size η_k, as one training: the
/// loss is Σ η_k·½‖W_L⋯W_1 − M‖², so that descent with the learning rate 1 moves each with its own step. An evaluation
/// follows every network for some further steps, on a copy, and reads its orbit. A network that diverges is put aside
/// and its step size reported. Float64 on the CPU, whatever the precision of the run. Source: figures of Ghosh et al.
/// 2025 (arXiv 2502.20531).
class Bifurcation : public Task {
 public:
  Bifurcation(const BifurcationOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return data_; }
  at::Tensor loss(const data::Batch& batch) override;
  /// "diverged" (networks), those of orbit_metrics, "loss".
  Metrics evaluate() override;
  std::vector<plot::Figure> figures() override;

  /// The next `followed` iterates of every network.
  Orbits orbits() const;

 private:
  std::vector<at::Tensor> layers() const { return module_.parameters(); }
  /// π_i of every network [r, blocks·8].
  at::Tensor modes(const at::Tensor& products) const;

  BifurcationOptions options_;
  Target target_;
  std::vector<double> step_sizes_;
  torch::nn::Module module_;
  data::TensorDataset data_;
  std::unique_ptr<NetworkBatch> networks_;
};

}  // namespace talweg::tasks
