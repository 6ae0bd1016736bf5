#include <algorithm>
#include <cmath>

#include "core/privacy/loss_distribution/gaussian_mixture.h"
#include "core/privacy/loss_distribution/lattice_loss.h"

namespace talweg::privacy {
namespace {

/// Adds the atoms of one cell to a loss: P-mass p and Q-mass n with ratios between e^{low} and e^{low + h}.
/// `p_error` and `n_error` bound the errors of the masses and are added to the atoms, so that none is too light.
void split(LatticeLoss& loss, std::size_t low, double low_ratio, double growth, double p, double n, double p_error,
           double n_error) {
  // u + v = n and r·u + r·(1 + growth)·v = p in masses of Q.
  const double excess = std::clamp(p / low_ratio - n, 0.0, growth * n);
  const double upper = excess / growth * (1 + growth), lower = n - excess / growth;
  const double error = (p_error + low_ratio * (1 + growth) * n_error) * (1 + growth) / growth;
  loss.mass[low] += low_ratio * lower + error;
  loss.mass[low + 1] += low_ratio * upper + error;
}

}  // namespace

LatticeLossPair pessimistic_loss(double q, double s, double h, double tail) {
  const GaussianMixture pair(q, s);
  // Beyond `reach` the tail of either component is below `tail`: Φ(−t) ≤ e^{−t²/2}/2.
  const double reach = s * std::sqrt(2 * std::log(0.5 / tail));
  const auto first = static_cast<std::int64_t>(std::floor(std::max(pair.lowest_loss(), pair.loss(-reach)) / h));
  const auto last = static_cast<std::int64_t>(std::ceil(std::min(pair.loss(1 + reach), kLargestLoss) / h));
  const auto cells = static_cast<std::size_t>(last - first);

  LatticeLossPair losses;
  losses.remove = {.spacing = h, .first = first, .mass = std::vector<double>(cells + 1)};
  losses.add = {.spacing = h, .first = -last, .mass = std::vector<double>(cells + 1)};
  const double growth = std::expm1(h);
  GaussianMixture::Edge left = pair.edge(pair.place(static_cast<double>(first) * h));
  const GaussianMixture::Edge start = left;
  for (std::size_t i = 0; i < cells; ++i) {
    const double low = static_cast<double>(first + static_cast<std::int64_t>(i)) * h;
    const GaussianMixture::Edge right = pair.edge(pair.place(low + h));
    const auto [m, n, m_error, n_error] = pair.between(left, right);
    split(losses.remove, i, std::exp(low), growth, m, n, m_error, n_error);
    split(losses.add, cells - 1 - i, std::exp(-low - h), growth, n, m, n_error, m_error);
    left = right;
  }
  // What is left of the first edge has ratios below its own, what is right of the last edge above: the mass of P goes
  // up to the edge, or to infinity.
  const GaussianMixture::Cell below = pair.between(pair.edge(-INFINITY), start);
  const GaussianMixture::Cell above = pair.between(left, pair.edge(INFINITY));
  losses.remove.mass.front() += below.mixture + below.mixture_rounding;
  losses.add.infinite = below.reference + below.reference_rounding;
  losses.add.mass.front() += above.reference + above.reference_rounding;
  losses.remove.infinite = above.mixture + above.mixture_rounding;
  return losses;
}

}  // namespace talweg::privacy
