#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/study/study.h"
#include "models/mean_field/limits.h"
#include "models/mean_field/symmetric_solver.h"
#include "models/mean_field/threshold.h"
#include "tasks/mean_field/mean_field_curves.h"
#include "tasks/mean_field/network_options.h"
#include "tasks/mean_field/time_grid.h"

namespace talweg::tasks {

/// Which number of the network is moved to the threshold.
enum class ThresholdParameter { alpha, samples, gamma, second_layer };
inline std::vector<std::pair<std::string, ThresholdParameter>> choices(ThresholdParameter) {
  return {{"alpha", ThresholdParameter::alpha},
          {"samples", ThresholdParameter::samples},
          {"gamma", ThresholdParameter::gamma},
          {"second_layer", ThresholdParameter::second_layer}};
}

struct InterpolationThresholdOptions : NetworkOptions {
  ThresholdParameter parameter = ThresholdParameter::alpha;
  std::vector<double> first;
  std::int64_t solves = 5;
  std::optional<double> width;
  bool lazy_limit = false;
  mean_field::Integrator integrator = mean_field::Integrator::gd_exact;
  TimeUnit unit = TimeUnit::one;
  double step = 0.1, horizon = 400;
};
void declare(config::Fields& f, InterpolationThresholdOptions& o);
void validate(const InterpolationThresholdOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Up to which number of samples (or from which second layer on) gradient flow interpolates the noise of the labels:
/// solves the mean-field equations at one value after another, each nearer to the threshold, and follows the line that
/// t_rel^(−1/2) is, where t_rel is the first time with e_tr < 1e-7·τ². A step is a row of a solve. Source: Montanari
/// and Urbani 2025, F.1.3 and H; the search is ours.
class InterpolationThreshold : public Study {
 public:
  /// Throws ConfigError for another device than the CPU.
  InterpolationThreshold(const InterpolationThresholdOptions& options, const StudyContext& context);

  std::int64_t steps() const override { return options_.solves * rows_; }
  void step(std::int64_t index) override;
  /// "relaxation_time@X" at each of the given values X; "longest_relaxation_time" and the value "closest" where it was
  /// found; "threshold".
  Metrics evaluate() override;
  std::vector<plot::Figure> figures() override;
  checkpoint::State state() const override;
  void load(const checkpoint::State& state, std::int64_t steps) override;

 private:
  void begin(double x);
  void end(std::optional<double> time);

  InterpolationThresholdOptions options_;
  std::int64_t rows_;
  mean_field::ThresholdSearch search_;
  std::vector<std::pair<double, double>> solved_;        // x and time, NaN where there was none before the horizon
  MeanFieldCurves curves_;                               // of every solve so far
  std::unique_ptr<mean_field::SymmetricSolver> solver_;  // while a solve goes on
  double value_ = 0;                                     // that it is for
};

}  // namespace talweg::tasks
