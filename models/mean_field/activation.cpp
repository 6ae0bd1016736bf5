#include "models/mean_field/activation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.h"
#include "models/mean_field/hermite.h"

namespace talweg::mean_field {
namespace {

constexpr std::size_t kNodes = 300;
constexpr std::size_t kMostCoefficients = 128;
constexpr double kCentred = 1e-9;  // |E σ(G)| below which it counts as zero
constexpr double kTail = 1e-10;    // share of h''(1) that coefficients left out may hold

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}
double gaussian_distribution(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

const std::map<std::string, double (*)(double)>& functions() {
  static const std::map<std::string, double (*)(double)> list = {
      {"erf", [](double x) { return std::erf(x / std::sqrt(2.0)); }},
      {"gelu", [](double x) { return x * gaussian_distribution(x); }},
      {"sigmoid", sigmoid},
      {"silu", [](double x) { return x * sigmoid(x); }},
      {"sine", [](double x) { return std::sin(x); }},
      {"softplus", [](double x) { return x > 30 ? x : std::log1p(std::exp(x)); }},
      {"tanh", [](double x) { return std::tanh(x); }}};
  return list;
}

/// h''(1) of the coefficients from `first` on.
double curvature_from(const std::vector<double>& hermite, std::size_t first) {
  double sum = 0;
  for (std::size_t k = std::max<std::size_t>(first, 2); k < hermite.size(); ++k)
    sum += static_cast<double>(k * (k - 1)) * hermite[k] * hermite[k];
  return sum;
}

}  // namespace

double Activation::operator()(double x) const {
  return hermite_sum(hermite, x);
}

double Activation::slope(double x) const {
  return hermite_sum_slope(hermite, x);
}

PowerSeries Activation::covariance() const {
  std::vector<double> squares;
  for (const double s : hermite) squares.push_back(s * s);
  return PowerSeries(squares);
}

std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  for (const auto& [name, unused] : functions()) names.push_back(name);
  return names;
}

Activation named_activation(const std::string& name, bool centred) {
  if (name == "relu")
    throw ConfigError(
        "'relu' has a kink, so that h''(1) = E[σ''(G)²] is infinite and the equations have no kernel; take a smooth "
        "neighbour: gelu, silu or softplus");
  const auto found = functions().find(name);
  if (found == functions().end())
    throw ConfigError(fmt::format("there is no activation '{}'; there are {}, and any Hermite list or polynomial", name,
                                  fmt::join(activation_names(), ", ")));
  Activation activation{hermite_coefficients(found->second, kMostCoefficients, kNodes)};
  if (centred) activation.hermite[0] = 0;
  for (double& s : activation.hermite)
    if (std::abs(s) < 1e-15) s = 0;
  const double all = curvature_from(activation.hermite, 0);
  std::size_t count = 3;
  while (count < kMostCoefficients && curvature_from(activation.hermite, count) > kTail * (1 + all)) ++count;
  activation.hermite.resize(count);
  return activation;
}

void require_centred(const Activation& activation) {
  const PowerSeries h = activation.covariance();
  for (const double s : activation.hermite)
    if (!std::isfinite(s)) throw ConfigError("a coefficient of the activation is not finite");
  const Jet<double> one = h.at(1);
  if (!std::isfinite(one.value) || !std::isfinite(one.second))
    throw ConfigError("h and its derivatives are not finite at 1: the coefficients of the activation are too large");
  const double mean = activation.hermite.empty() ? 0 : activation.hermite[0];
  if (std::abs(mean) > kCentred)
    throw ConfigError(
        fmt::format("the theory needs h(0) = 0, but E σ(G) = {:.6g}, h(0) = {:.6g}: give σ(x) − {:.6g} instead, with "
                    "'centred: true', or set the first Hermite coefficient to 0",
                    mean, mean * mean, mean));
  if (one.value == 0) throw ConfigError("the activation is zero: give it a coefficient");
}

}  // namespace talweg::mean_field
