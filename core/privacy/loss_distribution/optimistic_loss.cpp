#include <algorithm>
#include <cmath>
#include <optional>

#include "core/privacy/loss_distribution/gaussian_mixture.h"
#include "core/privacy/loss_distribution/lattice_loss.h"

namespace talweg::privacy {
namespace {

/// A ratio may miss its multiple by this much; the lower bound pays for it with its slack.
constexpr double kSlack = 1e-12;

/// The point right of `left` at which the cell between them has the mass ratio e^{target}: g(x) = M − e^{target}·N
/// falls until the ratio of the densities passes the target and rises after it. Newton's method from `guess`, kept
/// right of the lowest point; nothing when the ratio is not reached before `limit`.
std::optional<GaussianMixture::Edge> right_end(const GaussianMixture& pair, const GaussianMixture::Edge& left,
                                               double target, double guess, double limit) {
  const double ratio = std::exp(target);
  double low = pair.place(target), high = limit;
  double x = guess > low && guess < high ? guess : low + (std::min(high, low + pair.scale()) - low) / 2;
  for (int round = 0; round < 60 && low < high; ++round) {
    const GaussianMixture::Edge edge = pair.edge(x);
    const auto cell = pair.between(left, edge);
    const double g = cell.mixture - ratio * cell.reference;
    if (std::abs(g) <= 0.5 * kSlack * cell.mixture) return edge;
    (g > 0 ? high : low) = x;
    const double next = x - g / ((std::exp(pair.loss(x)) - ratio) * pair.reference_density(x));
    x = next > low && next < high ? next : low + (high - low) / 2;
  }
  return std::nullopt;
}

void add(LatticeLoss& loss, double index, double mass) {
  const auto place = static_cast<std::int64_t>(index) - loss.first;
  if (place >= 0 && place < static_cast<std::int64_t>(loss.mass.size()))
    loss.mass[static_cast<std::size_t>(place)] += mass;
}

/// The cell as an atom of each direction, at the multiple of the spacing that its ratio reaches.
void add_cell(LatticeLossPair& losses, const GaussianMixture::Cell& cell, double h) {
  if (!(cell.mixture > 0 && cell.reference > 0)) return;
  const double loss = std::log(cell.mixture / cell.reference);
  const double up = std::floor((loss + kSlack) / h), down = std::floor((kSlack - loss) / h);
  add(losses.remove, up, std::min(cell.mixture, std::exp(up * h) * cell.reference));
  add(losses.add, down, std::min(cell.reference, std::exp(down * h) * cell.mixture));
}

/// Drops the empty ends of the lattice.
void trim(LatticeLoss& loss) {
  const auto occupied = [](double mass) { return mass > 0; };
  const auto begin = std::find_if(loss.mass.begin(), loss.mass.end(), occupied);
  if (begin == loss.mass.end()) return;
  const auto end = std::find_if(loss.mass.rbegin(), loss.mass.rend(), occupied).base();
  loss.first += begin - loss.mass.begin();
  loss.mass = std::vector<double>(begin, end);
}

}  // namespace

LatticeLossPair optimistic_loss(double q, double s, double h, double tail) {
  const GaussianMixture pair(q, s);
  const double reach = s * std::sqrt(2 * std::log(0.5 / tail));
  const double limit = std::min(1 + reach, pair.place(kLargestLoss));
  // Losses are bounded below by ln(1 − q), where much of the mass may lie: the first cell then reaches to −∞.
  const bool bounded = pair.loss(-reach) - pair.lowest_loss() < h;
  GaussianMixture::Edge left = pair.edge(bounded ? -INFINITY : -reach);
  double left_loss = bounded ? pair.lowest_loss() : pair.loss(-reach);

  LatticeLossPair losses;
  const auto first = static_cast<std::int64_t>(std::floor(left_loss / h)) - 1;
  const auto last = static_cast<std::int64_t>(std::ceil(pair.loss(limit) / h)) + 1;
  const auto size = static_cast<std::size_t>(last - first + 1);
  losses.remove = {.spacing = h, .first = first, .mass = std::vector<double>(size), .slack = kSlack};
  losses.add = {.spacing = h, .first = -last, .mass = std::vector<double>(size), .slack = kSlack};
  while (left.x < limit) {
    // A cell reaches about as far above its target as it begins below: one that would be narrow takes the next target,
    // so that rounding never decides.
    const double target = (std::floor(left_loss / h + 0.25) + 1) * h;
    const double guess = pair.place(2 * target - left_loss);
    // Where no cell has the ratio (near the end of the line, or on a lattice coarser than the lowest loss), one of
    // about the same width is rounded down.
    const GaussianMixture::Edge right =
        right_end(pair, left, target, guess, limit).value_or(pair.edge(std::min(limit, pair.place(target + h / 2))));
    if (!(right.x > left.x)) break;
    add_cell(losses, pair.between(left, right), h);
    left = right;
    left_loss = pair.loss(right.x);
  }
  trim(losses.remove);
  trim(losses.add);
  return losses;
}

}  // namespace talweg::privacy
