#include "tasks/deep_matrix_factorization/theory.h"

#include <fmt/format.h>

#include <cmath>

#include "tasks/deep_matrix_factorization/mode_dynamics.h"

namespace talweg::tasks {
namespace {

double narrow(long double value) {
  return static_cast<double>(value);
}

/// "period 4" from where the step size lies among the doubling points.
std::string regime(double ratio, const std::vector<long double>& doublings) {
  if (ratio <= 1) return "converges";
  std::size_t passed = 0;
  while (passed < doublings.size() && ratio > narrow(doublings[passed])) ++passed;
  return passed == doublings.size() ? "beyond the doublings: chaos, windows of other periods, or divergence"
                                    : fmt::format("period {}", 1 << passed);
}

std::string describe_orbit(int depth, double sigma, double eta) {
  const auto orbit = two_period_orbit(depth, sigma, eta);
  if (!orbit) return "";
  return fmt::format(
      "    two-period orbit: {:.8f} and {:.8f} (layers {:.8f} and {:.8f})\n"
      "    multiplier {:.8f} ({}), balancing gap times {:.8f} over two steps, sharpness {:.5f} and {:.5f} around 2/eta "
      "= "
      "{:.5f}\n",
      narrow(orbit->value[0]), narrow(orbit->value[1]), narrow(orbit->rho[0]), narrow(orbit->rho[1]),
      narrow(orbit->multiplier), std::abs(narrow(orbit->multiplier)) < 1 ? "stable" : "unstable",
      narrow(orbit->gap_factor), narrow(orbit->sharpness[0]), narrow(orbit->sharpness[1]), 2 / eta);
}

}  // namespace

std::string describe_dynamics(int depth, const std::vector<double>& singular_values, double eta) {
  if (depth < 2)
    return fmt::format("  One layer: a quadratic function; the edge of stability is 2, the step size {:g}.\n", eta);
  constexpr int doublings_shown = 7;
  const std::vector<long double> doublings = period_doubling_points(depth, doublings_shown);
  std::string text = fmt::format("  depth {}, step size eta = {:g} for the loss ½|W − M|²\n", depth, eta);
  for (std::size_t i = 0; i < singular_values.size(); ++i) {
    const double sigma = singular_values[i], constant = narrow(edge_constant(depth, sigma));
    text += fmt::format("  mode {}: sigma = {:g}, S = {:.6f}, edge 2/S = {:.8f}, eta is {:.6f} of it: {}\n", i + 1,
                        sigma, constant, 2 / constant, eta * constant / 2, regime(eta * constant / 2, doublings));
    text += "    the period doubles at";
    for (const long double point : doublings) text += fmt::format(" {:.7f}", narrow(point) * 2 / constant);
    text += '\n' + describe_orbit(depth, sigma, eta);
  }
  text += fmt::format("  modes beyond their edge: {}\n", oscillating_modes(depth, singular_values, eta));
  for (std::size_t i = 0; i + 1 < singular_values.size(); ++i) {
    const double curvature = narrow(mixing_curvature(depth, singular_values[i], singular_values[i + 1]));
    text += fmt::format("  modes {} and {} mix from little above 2/{:.6f} = {:.8f}{}\n", i + 1, i + 2, curvature,
                        2 / curvature,
                        eta > 2 / curvature ? ": eta is beyond it, only aligned networks keep the orbit" : "");
  }
  return text;
}

}  // namespace talweg::tasks
