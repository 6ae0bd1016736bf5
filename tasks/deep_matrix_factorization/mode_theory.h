#pragma once

#include <vector>

#include "core/study/study.h"
#include "tasks/deep_matrix_factorization/step_size_range.h"

namespace talweg::tasks {

struct ModeTheoryOptions {
  std::int64_t depth = 3;
  double singular_value = 1;
  StepSizeRange range{1, 1.3, 61};
  std::int64_t doublings = 4;
};
void declare(config::Fields& f, ModeTheoryOptions& o);

/// The theory of one mode of a deep linear network under gradient descent beyond its edge of stability 2/S: the
/// two-period orbit and its multiplier for every step size, and where the period doubles. A step is a step size, or a
/// search for one doubling. Source: Ghosh et al. 2025 (arXiv 2502.20531); doublings ours.
class ModeTheory : public Study {
 public:
  ModeTheory(const ModeTheoryOptions& options, const StudyContext& context);

  std::int64_t steps() const override;
  /// A search for a doubling costs as much as several orbits.
  double work_until(std::int64_t steps) const override;
  void step(std::int64_t index) override;
  /// "edge" (2/S); of the step sizes so far, in multiples of the edge, "orbit_stable_until", the largest at which the
  /// two-period orbit is stable; "doubling_p", the multiple of the edge at which the period becomes p = 2, 4, ….
  Metrics evaluate() override;
  /// The orbit, and its multiplier, against the step size.
  std::vector<plot::Figure> figures() override;
  checkpoint::State state() const override;
  void load(const checkpoint::State& state, std::int64_t steps) override;

 private:
  double ratio(std::int64_t index) const;

  ModeTheoryOptions options_;
  double edge_;
  std::vector<double> ratios_, low_, high_, multipliers_;  // of the step sizes that have an orbit
  std::vector<double> doublings_;
};

}  // namespace talweg::tasks
