#pragma once

#include "core/study/study.h"
#include "tasks/matrix_quadratic/matrix_target.h"

namespace talweg::tasks {

struct RangeFinderStudyOptions : MatrixTargetOptions {
  std::int64_t rank = 10;
  std::int64_t oversampling = 5;
  std::int64_t draws = 200;
};
void declare(config::Fields& f, RangeFinderStudyOptions& o);
void validate(const RangeFinderStudyOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Mean errors ‖A − QQᵀA‖ of bases of a matrix over random sketches, beside their bounds. A step is a sketch. Source:
/// Halko, Martinsson and Tropp 2011.
class RangeFinderStudy : public Study {
 public:
  RangeFinderStudy(const RangeFinderStudyOptions& options, const StudyContext& context);

  std::int64_t steps() const override { return options_.draws; }
  void step(std::int64_t index) override;
  /// "frobenius_error" and "spectral_error" of rank + oversampling columns beside "frobenius_bound" and
  /// "spectral_bound" (theorems 10.5 and 10.6) and the smallest error of the rank, "optimum"; "plain_frobenius_error"
  /// of as many columns as the rank, and "plain_bound", the least of theorem 10.5 over smaller ranks; cut back to the
  /// rank, "truncated_ratio_q" to the optimum after q = 0, 1, 2 power iterations. Means are those of the sketches so
  /// far.
  Metrics evaluate() override;
  checkpoint::State state() const override;
  void load(const checkpoint::State& state, std::int64_t steps) override;

 private:
  RangeFinderStudyOptions options_;
  RandomStreams streams_;
  at::Tensor matrix_, singular_values_;
  std::int64_t drawn_ = 0;
  at::Tensor sums_;  // of the errors: Frobenius, spectral, plain, cut back after 0, 1, 2 iterations
};

}  // namespace talweg::tasks
