#include "tasks/deep_matrix_factorization/mode_dynamics.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace talweg::tasks {
namespace {

using Real = long double;

/// f(x) of the map in units of σ^(1/L), and f'(x).
struct ScaledMap {
  int depth;
  Real kappa;
  std::pair<Real, Real> operator()(Real x) const {
    const Real power = std::pow(x, depth), lower = std::pow(x, depth - 2);
    const Real value = x + kappa * (1 - power) * lower * x;
    const Real slope = 1 + kappa * ((depth - 1) * lower - (2 * depth - 1) * power * lower);
    return {value, slope};
  }
  /// f^period(x) and its derivative.
  std::pair<Real, Real> iterate(Real x, int period) const {
    Real slope = 1;
    for (int i = 0; i < period; ++i) {
      const auto [next, factor] = (*this)(x);
      slope *= factor;
      x = next;
    }
    return {x, slope};
  }
};

/// The multiplier of the orbit of this period near `x`, which becomes a point of it (Newton's method).
Real multiplier_near(const ScaledMap& map, int period, Real& x) {
  for (int i = 0; i < 60; ++i) {
    const auto [end, slope] = map.iterate(x, period);
    const Real move = (end - x) / (slope - 1);
    x -= move;
    if (std::abs(move) < 1e-18L) break;
  }
  return map.iterate(x, period).second;
}

/// The point of the attracting orbit that is closest to the critical point of the map: there Newton's method has most
/// room.
Real attracting_point(const ScaledMap& map, int period) {
  constexpr int burn_in = 30000;
  Real x = map.iterate(0.9L, burn_in).first, best = x;
  for (int i = 0; i < period; ++i) {
    if (std::abs(map(x).second) < std::abs(map(best).second)) best = x;
    x = map(x).first;
  }
  return best;
}

/// The step size at which the orbit of this period has the multiplier −1, by the secant method along the orbit.
/// `low` and `high` lie inside its window.
Real doubling_after(int depth, int period, Real low, Real high) {
  Real x = attracting_point({depth, low * 2 / depth}, period);
  const auto excess = [&](Real ratio) { return multiplier_near({depth, ratio * 2 / depth}, period, x) + 1; };
  Real below = excess(low), above = excess(high);
  for (int i = 0; i < 60 && std::abs(high - low) > 1e-17L && above != below; ++i) {
    const Real next = high - above * (high - low) / (above - below);
    low = high;
    below = above;
    high = next;
    above = excess(high);
  }
  return high;
}

Real bisect(const std::function<Real(Real)>& f, Real low, Real high) {
  const bool rising = f(low) < 0;
  for (int i = 0; i < 200 && low < high; ++i) {
    const Real middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    ((f(middle) < 0) == rising ? low : high) = middle;
  }
  return low;
}

}  // namespace

void step_mode(std::vector<long double>& layers, long double sigma, long double eta) {
  const std::size_t depth = layers.size();
  thread_local std::vector<Real> others;  // products of the other layers
  others.assign(depth, 1);
  Real below = 1, above = 1;
  for (std::size_t l = 0; l < depth; ++l) {
    others[l] *= below;
    below *= layers[l];
    others[depth - 1 - l] *= above;
    above *= layers[depth - 1 - l];
  }
  const Real slope = eta * (below - sigma);
  for (std::size_t l = 0; l < depth; ++l) layers[l] -= slope * others[l];
}

long double edge_constant(int depth, long double sigma) {
  return depth * std::pow(sigma, 2 - 2.0L / depth);
}

long double balanced_step(int depth, long double sigma, long double eta, long double rho) {
  return rho - eta * std::pow(rho, depth - 1) * (std::pow(rho, depth) - sigma);
}

std::optional<TwoPeriodOrbit> two_period_orbit(int depth, long double sigma, long double eta) {
  const Real kappa = eta * std::pow(sigma, 2 - 2.0L / depth);
  if (depth < 2 || kappa * depth <= 2) return std::nullopt;
  // In units of σ^(1/L), divided by the trivial root: what is left changes sign once below 1 when the edge is passed.
  const auto excess = [&](Real x) {
    const Real power = std::pow(x, depth), z = 1 + kappa * (1 - power) * std::pow(x, depth - 2);
    return (power * (1 + std::pow(z, 2 * depth - 1)) - (1 + std::pow(z, depth - 1))) / (x - 1);
  };
  constexpr int points = 4000;
  for (int i = points - 1; i > 0; --i) {
    const Real low = static_cast<Real>(i) / points,
               high = i + 1 == points ? 1 - 1e-9L : static_cast<Real>(i + 1) / points;
    if ((excess(low) < 0) == (excess(high) < 0)) continue;
    const Real x = bisect(excess, low, high), unit = std::pow(sigma, 1.0L / depth);
    const ScaledMap map{depth, kappa};
    const Real partner = map(x).first;
    if (!(partner > 1)) continue;
    TwoPeriodOrbit orbit{};
    orbit.rho[0] = x * unit;
    orbit.rho[1] = partner * unit;
    orbit.multiplier = map.iterate(x, 2).second;
    orbit.gap_factor = 1;
    for (int k = 0; k < 2; ++k) {
      const Real rho = orbit.rho[k];
      orbit.value[k] = std::pow(rho, depth);
      const Real miss = orbit.value[k] - sigma, lower = std::pow(rho, depth - 2);
      orbit.gap_factor *= 1 - eta * eta * miss * miss * lower * lower;
      orbit.sharpness[k] = depth * std::pow(rho, 2 * depth - 2) + (depth - 1) * miss * lower;
    }
    return orbit;
  }
  return std::nullopt;
}

std::vector<long double> period_doubling_points(int depth, int count) {
  std::vector<Real> points{1};
  Real width = 1.15L;  // of the window before the first: each is about 4.67 times as wide as the next
  for (int k = 1; k < count; ++k) {
    points.push_back(
        doubling_after(depth, 1 << k, points.back() + width / 4.67L * 0.75L, points.back() + width / 4.67L * 0.85L));
    width = points.back() - points[points.size() - 2];
  }
  points.resize(static_cast<std::size_t>(std::max(0, count)));
  return points;
}

long double mixing_curvature(int depth, long double sigma_i, long double sigma_j) {
  long double sum = 0;
  for (int l = 0; l < depth; ++l)
    sum += std::pow(sigma_i, 2.0L * (depth - 1 - l) / depth) * std::pow(sigma_j, 2.0L * l / depth);
  return sum;
}

std::vector<double> balanced_hessian_spectrum(int depth, const std::vector<double>& singular_values, int size) {
  std::vector<double> sigma = singular_values;
  sigma.resize(static_cast<std::size_t>(size), 0);
  std::vector<double> spectrum;
  for (const double i : sigma)
    for (const double j : sigma) spectrum.push_back(static_cast<double>(mixing_curvature(depth, i, j)));
  spectrum.resize(static_cast<std::size_t>(depth) * sigma.size() * sigma.size(), 0);
  std::sort(spectrum.rbegin(), spectrum.rend());
  return spectrum;
}

int oscillating_modes(int depth, const std::vector<double>& singular_values, double eta) {
  return static_cast<int>(std::count_if(singular_values.begin(), singular_values.end(),
                                        [&](double sigma) { return edge_constant(depth, sigma) * eta > 2; }));
}

}  // namespace talweg::tasks
