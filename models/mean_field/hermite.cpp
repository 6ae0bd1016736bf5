#include "models/mean_field/hermite.h"

#include <cmath>
#include <stdexcept>

namespace talweg::mean_field {
namespace {

/// he_count(x)·exp(−x²/4) and the one below it: the factor keeps them finite far out.
struct Damped {
  double value, below;
};
Damped damped_hermite(double x, std::size_t count) {
  double below = 0, value = std::exp(-x * x / 4);
  for (std::size_t k = 0; k < count; ++k) {
    const double next = (x * value - std::sqrt(static_cast<double>(k)) * below) / std::sqrt(static_cast<double>(k + 1));
    below = value;
    value = next;
  }
  return {value, below};
}

}  // namespace

std::vector<double> hermite_values(double x, std::size_t count) {
  std::vector<double> values(count);
  for (std::size_t k = 0; k < count; ++k) {
    if (k == 0)
      values[k] = 1;
    else if (k == 1)
      values[k] = x;
    else
      values[k] = (x * values[k - 1] - std::sqrt(static_cast<double>(k - 1)) * values[k - 2]) /
                  std::sqrt(static_cast<double>(k));
  }
  return values;
}

double hermite_sum(const std::vector<double>& coefficients, double x) {
  const std::vector<double> values = hermite_values(x, coefficients.size());
  double sum = 0;
  for (std::size_t k = 0; k < values.size(); ++k) sum += coefficients[k] * values[k];
  return sum;
}

double hermite_sum_slope(const std::vector<double>& coefficients, double x) {
  const std::vector<double> values = hermite_values(x, coefficients.size());
  double sum = 0;
  for (std::size_t k = 1; k < values.size(); ++k)
    sum += coefficients[k] * std::sqrt(static_cast<double>(k)) * values[k - 1];
  return sum;
}

GaussHermite gauss_hermite(std::size_t count) {
  if (count < 1 || count > 400) throw std::invalid_argument("gauss_hermite: from 1 to 400 nodes");
  // Neighbouring zeros are at least π/√n apart, and all lie within 2√n of the origin.
  const double root = std::sqrt(static_cast<double>(count)), step = 0.3 / root;
  std::vector<double> zeros;
  double low = -2 * root - 1, below = damped_hermite(low, count).value;
  while (zeros.size() < count) {
    const double high = low + step, above = damped_hermite(high, count).value;
    if ((below > 0) != (above > 0)) {
      double left = low, right = high;
      for (int halving = 0; halving < 60; ++halving) {
        const double middle = 0.5 * (left + right);
        ((damped_hermite(middle, count).value > 0) == (above > 0) ? right : left) = middle;
      }
      zeros.push_back(0.5 * (left + right));
    }
    low = high;
    below = above;
  }
  GaussHermite rule{zeros, {}};
  for (const double x : zeros) {
    // w = 1 / (n·he_{n−1}(x)²)
    const double lower = damped_hermite(x, count).below;
    rule.weights.push_back(std::exp(-x * x / 2) / (static_cast<double>(count) * lower * lower));
  }
  return rule;
}

std::vector<double> hermite_coefficients(const std::function<double(double)>& f, std::size_t count, std::size_t nodes) {
  const GaussHermite rule = gauss_hermite(nodes);
  std::vector<double> coefficients(count, 0);
  for (std::size_t i = 0; i < nodes; ++i) {
    const std::vector<double> values = hermite_values(rule.nodes[i], count);
    const double weight = rule.weights[i] * f(rule.nodes[i]);
    for (std::size_t k = 0; k < count; ++k) coefficients[k] += weight * values[k];
  }
  return coefficients;
}

std::vector<double> hermite_of_polynomial(const std::vector<double>& powers) {
  // x·Σ s_k he_k = Σ s_k (√(k+1) he_{k+1} + √k he_{k−1}), Horner from the highest power down.
  std::vector<double> sum(powers.size(), 0);
  for (std::size_t i = powers.size(); i-- > 0;) {
    std::vector<double> shifted(powers.size(), 0);
    for (std::size_t k = 0; k < powers.size(); ++k) {
      if (k + 1 < powers.size()) shifted[k + 1] += sum[k] * std::sqrt(static_cast<double>(k + 1));
      if (k > 0) shifted[k - 1] += sum[k] * std::sqrt(static_cast<double>(k));
    }
    shifted[0] += powers[i];
    sum = std::move(shifted);
  }
  return sum;
}

std::vector<double> polynomial_of_hermite(const std::vector<double>& coefficients) {
  const std::size_t count = coefficients.size();
  std::vector<double> sum(count, 0), below(count, 0), here(count, 0);
  if (count == 0) return sum;
  here[0] = 1;
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t i = 0; i < count; ++i) sum[i] += coefficients[k] * here[i];
    std::vector<double> next(count, 0);
    for (std::size_t i = 0; i < count; ++i)
      next[i] = ((i > 0 ? here[i - 1] : 0) - std::sqrt(static_cast<double>(k)) * below[i]) /
                std::sqrt(static_cast<double>(k + 1));
    below = std::move(here);
    here = std::move(next);
  }
  return sum;
}

}  // namespace talweg::mean_field
