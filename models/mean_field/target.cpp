#include "models/mean_field/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "models/mean_field/hermite.h"

namespace talweg::mean_field {

Target::Target(std::vector<TargetTerm> terms, const std::vector<double>& hermite) : terms_(std::move(terms)) {
  std::map<std::vector<std::int64_t>, double> together;
  for (const TargetTerm& term : terms_) {
    if (term.degrees.empty()) throw ConfigError("a term of the target has no 'degrees': one number per direction");
    if (directions_ == 0) directions_ = term.degrees.size();
    if (term.degrees.size() != directions_)
      throw ConfigError(fmt::format("terms of the target have {} and {} degrees: one per direction, the same in all",
                                    directions_, term.degrees.size()));
    together[term.degrees] += term.coefficient;
    const auto degree = std::accumulate(term.degrees.begin(), term.degrees.end(), std::int64_t{0});
    if (degree == 0 && term.coefficient != 0)
      throw ConfigError(
          fmt::format("the theory needs a target of mean zero (φ̂(0) = 0), but its constant term is {:.6g}: "
                      "leave it out, and subtract it from the labels",
                      term.coefficient));
    double weight = 0;
    if (static_cast<std::size_t>(degree) < hermite.size()) {
      double log_factor = std::lgamma(static_cast<double>(degree) + 1);
      for (const std::int64_t alpha : term.degrees) log_factor -= std::lgamma(static_cast<double>(alpha) + 1);
      // Of one direction the factor is 1, exactly.
      const double factor = log_factor == 0 ? 1 : std::exp(0.5 * log_factor);
      weight = term.coefficient * hermite[static_cast<std::size_t>(degree)] * factor;
    }
    weights_.push_back(weight);
  }
  for (const auto& [degrees, coefficient] : together) squared_norm_ += coefficient * coefficient;
  if (!std::isfinite(squared_norm_)) throw ConfigError("the target's coefficients are not finite");
}

Target Target::single_index(const std::vector<double>& series, const std::vector<double>& hermite) {
  std::vector<TargetTerm> terms;
  for (std::size_t k = 0; k < series.size(); ++k)
    if (series[k] != 0) terms.push_back({series[k], {static_cast<std::int64_t>(k)}});
  return Target(std::move(terms), hermite);
}

double Target::value(const double* z) const {
  double sum = 0;
  for (const TargetTerm& term : terms_) {
    double product = term.coefficient;
    for (std::size_t j = 0; j < directions_; ++j)
      product *= hermite_values(z[j], static_cast<std::size_t>(term.degrees[j]) + 1).back();
    sum += product;
  }
  return sum;
}

double Target::monomial(const std::vector<std::int64_t>& degrees, const double* v, const std::vector<std::size_t>& by) {
  double product = 1;
  for (std::size_t j = 0; j < degrees.size(); ++j) {
    std::int64_t left = degrees[j];
    for (const std::size_t d : by)
      if (d == j) product *= static_cast<double>(left--);
    for (; left > 0; --left) product *= v[j];
  }
  return product;
}

double Target::sum(const double* v, const std::vector<std::size_t>& by) const {
  double total = 0;
  for (std::size_t i = 0; i < terms_.size(); ++i) total += weights_[i] * monomial(terms_[i].degrees, v, by);
  return total;
}

double Target::covariance(const double* v) const {
  return sum(v, {});
}

void Target::gradient(const double* v, double* out) const {
  for (std::size_t j = 0; j < directions_; ++j) out[j] = sum(v, {j});
}

void Target::hessian(const double* v, double* out) const {
  for (std::size_t i = 0; i < directions_; ++i)
    for (std::size_t j = 0; j < directions_; ++j) out[i * directions_ + j] = sum(v, {i, j});
}

}  // namespace talweg::mean_field
