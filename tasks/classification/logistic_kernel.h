#pragma once

#include <cstdint>

namespace talweg::tasks {

// The logistic loss of margins m_i = s_i·z_i, where s_i is −1 for class 1 and 1 for class 0, in one pass over float64
// numbers: log(1 + exp(m_i)) as max(m, 0) + log1p(exp(−|m|)), which keeps its relative precision where it is tiny.

/// losses[i] for i < n; `targets` are 0 or 1.
void logistic_losses(const double* logits, const std::int64_t* targets, std::int64_t n, double* losses);

/// losses[i] and residuals[i] = s_i·σ(m_i), the derivative by z_i, for i < n.
void logistic_losses_and_residuals(const double* logits, const std::int64_t* targets, std::int64_t n, double* losses,
                                   double* residuals);

}  // namespace talweg::tasks
