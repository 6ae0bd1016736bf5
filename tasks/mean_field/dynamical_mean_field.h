#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/study/study.h"
#include "models/mean_field/symmetric_solver.h"
#include "models/mean_field/thinning.h"
#include "tasks/mean_field/limit_curve.h"
#include "tasks/mean_field/mean_field_curves.h"
#include "tasks/mean_field/network_options.h"
#include "tasks/mean_field/time_grid.h"
#include "tasks/mean_field/trained_networks.h"

namespace talweg::tasks {

struct ThinningOptions : mean_field::Thinning {
  std::int64_t look_every = 16, keep_recent = 24;
};
void declare(config::Fields& f, ThinningOptions& o);

struct DynamicalMeanFieldOptions : NetworkOptions {
  std::vector<double> widths{16};
  bool lazy_limit = false;
  mean_field::Integrator integrator = mean_field::Integrator::gd_exact;
  TimeGridOptions time;
  std::optional<ThinningOptions> thin;
  bool beyond_stability = false;
  std::vector<double> report;
  std::optional<config::Component<LimitCurveKind>> limit;
  std::vector<std::string> networks;
};
void declare(config::Fields& f, DynamicalMeanFieldOptions& o);
/// Also: a first step beyond stability, a grid that memory does not hold, a limit at another scale of time.
void validate(const DynamicalMeanFieldOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Two-layer networks of one or several widths in the limit of many samples in many dimensions, from neurons that begin
/// alike: the dynamical mean-field equations, one row of their two-time functions a step, one width after the other.
/// The state is the rows so far, so that a solve goes on bit for bit. Float64 on the CPU. Source: Montanari and Urbani
/// 2025 (arXiv 2502.21269).
class DynamicalMeanField : public Study {
 public:
  /// Throws ConfigError for another device than the CPU.
  DynamicalMeanField(const DynamicalMeanFieldOptions& options, const StudyContext& context);

  std::int64_t steps() const override;
  /// ∝ rows³ of a width; with thinning ∝ rows.
  double work_until(std::int64_t steps) const override;
  void step(std::int64_t index) override;
  /// At each reported time T "a@T", "overlap@T", "train_error@T", "test_error@T", "multiplier@T", "neurons@T"
  /// (C_o(t,t)), "start@T" (C_d(t,0)), by linear interpolation; "m16/a@T" where there are several widths. Over all
  /// times "least_test_error", "best_time", and, when e_tr falls below 1e-7·τ², "relaxation_time"; "rows" that memory
  /// holds; of the last time the same names without "@T".
  Metrics evaluate() override;
  std::vector<plot::Figure> figures() override;
  checkpoint::State state() const override;
  void load(const checkpoint::State& state, std::int64_t steps) override;

  const MeanFieldCurves& curves() const { return curves_; }

 private:
  /// Width and row of a step.
  std::pair<std::size_t, std::size_t> place(std::int64_t index) const;
  void begin(std::size_t width);

  DynamicalMeanFieldOptions options_;
  std::vector<std::vector<double>> grids_;  // steps of every width
  MeanFieldCurves curves_;                  // of every width, as far as they are known
  std::vector<TrainedNetworks> networks_;   // to be drawn beside them
  std::unique_ptr<mean_field::SymmetricSolver> solver_;
  std::size_t solving_ = 0;  // the width that solver_ is for
};

/// The problem that a study of these options solves at width m: the network's, or its lazy limit.
mean_field::Problem problem_at(const DynamicalMeanFieldOptions& o, double width);

}  // namespace talweg::tasks
