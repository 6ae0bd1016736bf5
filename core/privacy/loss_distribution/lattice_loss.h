#pragma once

#include <cstdint>
#include <vector>

namespace talweg::privacy {

/// Losses beyond count as infinite, as their exponentials would overflow.
inline constexpr double kLargestLoss = 600;

/// The privacy loss ln(dP/dQ) of one step under P, as masses at multiples of `spacing`.
struct LatticeLoss {
  double spacing = 0;
  std::int64_t first = 0;    ///< mass[i] lies at (first + i)·spacing
  std::vector<double> mass;  ///< of P; together with `infinite` about 1, of a lower bound less
  double infinite = 0;       ///< mass of P where Q has none
  double slack = 0;          ///< a lower bound: its ε is true after subtracting this much per step
};

/// Both directions of the pair M = (1 − q)N(0, s²) + qN(1, s²) and N = N(0, s²).
struct LatticeLossPair {
  LatticeLoss remove;  ///< P = M, Q = N
  LatticeLoss add;     ///< P = N, Q = M
};

/// A pair of distributions that is no less informative than the true one. The line is cut where the loss is a multiple
/// of the spacing, and a cell with masses (m, n), whose likelihood ratios lie between those of its ends, is split into
/// two atoms with exactly these ratios ("connect the dots": it splits P and Q consistently, so the true pair is a
/// post-processing of it, and its error is of second order in the spacing). Tails of P of mass `tail` go to +∞. Source:
/// Doroshenko, Ghazi, Kamath, Kumar and Manurangsi 2022.
LatticeLossPair pessimistic_loss(double sampling_rate, double noise_multiplier, double spacing, double tail);

/// A pair that is no more informative: the line is cut so that the ratio of the masses of every cell is itself a
/// multiple of the spacing, and the pair of masses of the cells is a post-processing of the true pair. Mass that fits
/// no multiple, and tails, are left out, which only lowers the result. Source: ours; the optimistic estimate of
/// Doroshenko et al. 2022 by tangents is the same construction seen from the dual side.
LatticeLossPair optimistic_loss(double sampling_rate, double noise_multiplier, double spacing, double tail);

}  // namespace talweg::privacy
