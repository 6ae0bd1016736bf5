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

/// Logistic regression as plain memory: z_i = ⟨x_i, w⟩ + b for the rows x_i of `inputs` [n, features].
struct LogisticRows {
  const double* inputs;
  const std::int64_t* targets;  ///< 0 or 1
  std::int64_t features;
  const double* weights;
  double bias;
};

/// Writes logits[i], and adds Σ s_i·σ(m_i)·(x_i, 1) to `gradient` [features + 1], for begin ≤ i < end; returns the sum
/// of the losses. A row is read once: its share of the gradient is added while the row is in cache.
double logistic_pass(const LogisticRows& rows, std::int64_t begin, std::int64_t end, double* logits, double* gradient);

}  // namespace talweg::tasks
