#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/study/study.h"
#include "tasks/mean_field/limit_curve.h"

namespace talweg::tasks {

struct MeanFieldLimitOptions : NetworkOptions {
  config::Component<LimitCurveKind> limit{"flow"};
  double from = 0.01, until = 100;
  std::int64_t points = 200;
  std::vector<double> report;
};
void declare(config::Fields& f, MeanFieldLimitOptions& o);
void validate(const MeanFieldLimitOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// A limit of large networks as curves of its own: what `dynamical_mean_field` tends to at one scale of time. A step is
/// a time; times are spaced logarithmically. Source: Montanari and Urbani 2025, F and G.
class MeanFieldLimit : public Study {
 public:
  MeanFieldLimit(const MeanFieldLimitOptions& options, const StudyContext& context);

  std::int64_t steps() const override { return static_cast<std::int64_t>(times_.size()); }
  void step(std::int64_t index) override;
  /// The limit's quantities "NAME@T" at each reported time T and "NAME" at the last; its constants.
  Metrics evaluate() override;
  std::vector<plot::Figure> figures() override;
  checkpoint::State state() const override;
  void load(const checkpoint::State& state, std::int64_t steps) override;

 private:
  MeanFieldLimitOptions options_;
  std::unique_ptr<LimitCurve> curve_;
  std::vector<double> times_;                // 0, those of the curve and the reported ones
  std::vector<std::vector<double>> values_;  // of each time so far, of each quantity
};

}  // namespace talweg::tasks
