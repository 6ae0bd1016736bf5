#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/privacy/loss_distribution/lattice_loss.h"

namespace talweg::privacy {

/// `steps` independent losses with the distribution `loss`.
struct RepeatedLoss {
  LatticeLoss loss;
  std::int64_t steps = 0;
};

/// Bounds on the sum of independent losses of one spacing, as a function that returns ε(δ).
///
/// With K(λ) = Σ steps·ln Σ mass·e^{λ·loss}, the distribution of the sum is e^{K(λ) − λx} times that of the sum of
/// tilted losses (mass·e^{λ·loss}/norm), whose mean is near ε when λ minimises (K(λ) + ln 1/δ)/λ. The FFT therefore
/// works where the result is decided, in a window a few deviations wide, and its absolute rounding is relative to δ:
/// values of δ far below the precision of a double are no harder than others. Upper and lower bound are composed by one
/// complex FFT, one in the real, one in the imaginary part.
struct ComposedBounds {
  double lower = 0, upper = 0;
  std::size_t length = 0;  ///< of the transform
};

/// ε(δ) of the sum of the pessimistic losses (upper) and of the optimistic ones (lower); all of one spacing. The bounds
/// count the mass outside the window (Chernoff), what wraps around, and the rounding of the FFT. At least 0; the upper
/// bound is infinite when nothing better can be said.
ComposedBounds compose(const std::vector<RepeatedLoss>& pessimistic, const std::vector<RepeatedLoss>& optimistic,
                       double delta);

/// K(λ) and its first two derivatives: the cumulant function of the sum.
struct Cumulants {
  double value = 0, mean = 0, variance = 0;
};
Cumulants cumulants(const std::vector<RepeatedLoss>& losses, double tilt);

/// The tilt λ > 0 that minimises (K(λ) + ln(1/δ))/λ, at most 1e5.
double best_tilt(const std::vector<RepeatedLoss>& losses, double delta);

}  // namespace talweg::privacy
