#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/study/study.h"
#include "models/deep_linear/deep_linear.h"
#include "tasks/deep_matrix_factorization/network_batch.h"
#include "tasks/deep_matrix_factorization/orbit_statistics.h"
#include "tasks/deep_matrix_factorization/step_size_range.h"
#include "tasks/deep_matrix_factorization/target.h"

namespace talweg::tasks {

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
  std::int64_t iterations = 1000;
  std::int64_t followed = 128;
  double tolerance = 1e-9;
  double divergence = 100;
};
void declare(config::Fields& f, BifurcationOptions& o);
void validate(const BifurcationOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Gradient descent of many deep linear networks on ½‖W_L⋯W_1 − M‖², which differ in nothing but their step size η_k. A
/// step is one iteration of all of them. An evaluation follows every network for some further iterations, on a copy,
/// and reads its orbit. A network that diverges is put aside and its step size reported. Float64 on the CPU. Source:
/// figures of Ghosh et al. 2025 (arXiv 2502.20531).
class Bifurcation : public Study {
 public:
  /// Throws ConfigError for another device than the CPU.
  Bifurcation(const BifurcationOptions& options, const StudyContext& context);

  std::int64_t steps() const override { return options_.iterations; }
  void step(std::int64_t index) override;
  /// "diverged" (networks), those of orbit_metrics, and "loss", the sum of η_k·½‖·‖² over those that have not diverged.
  Metrics evaluate() override;
  std::vector<plot::Figure> figures() override;
  checkpoint::State state() const override;
  void load(const checkpoint::State& state, std::int64_t steps) override;

  /// The next `followed` iterates of every network.
  Orbits orbits() const;

 private:
  /// π_i of every network [r, blocks·8].
  at::Tensor modes(const at::Tensor& products) const;

  BifurcationOptions options_;
  Target target_;
  std::vector<double> step_sizes_;
  std::vector<at::Tensor> layers_;
  std::unique_ptr<NetworkBatch> networks_;
  NetworkBatch::Gradient work_;  // kept between steps
};

}  // namespace talweg::tasks
