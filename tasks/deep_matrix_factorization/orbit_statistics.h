#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "core/plot/figure.h"
#include "core/task/task.h"

namespace talweg::tasks {

/// The end of many trajectories: π_i of mode i under step size k for `times` iterates in a row.
struct Orbits {
  std::vector<double> step_sizes;       ///< K, ascending
  std::vector<double> singular_values;  ///< r
  int depth = 1;
  at::Tensor values;       ///< [times, r, K] float64 on the CPU; the last is the newest
  std::vector<bool> left;  ///< K: whether the network diverged
};

/// Smallest p of 1, 2, 4, …, 64 with |π(t) − π(t − p)| ≤ tolerance·max(|π|, σ) for every t of the record; nothing when
/// there is none: a longer period, chaos, or not yet settled.
std::optional<int> period_of(const Orbits& orbits, std::size_t mode, std::size_t k, double tolerance);

/// |π(T) − π(T − 1)|.
double oscillation_of(const Orbits& orbits, std::size_t mode, std::size_t k);

/// For every mode "first_oscillation_i", the smallest step size whose last two values differ by more than 1e-6·σ_i; of
/// the leading mode "period_p_from" for p = 2 … 64, "aperiodic_from"; "diverges_from". Absent when it does not happen.
/// With at most 32 step sizes also "oscillation_i@η" and "period_i@η" (0: none found).
Metrics orbit_metrics(const Orbits& orbits, double tolerance);

/// Bifurcation diagram of every mode that oscillates, and the range of the oscillation against the step size; dashed
/// the edges 2/S_i.
std::vector<plot::Figure> orbit_figures(const Orbits& orbits);

}  // namespace talweg::tasks
