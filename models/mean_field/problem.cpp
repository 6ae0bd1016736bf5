#include "models/mean_field/problem.h"

#include <cmath>
#include <vector>

#include "core/error.h"

namespace talweg::mean_field {

double lazy_noise(const Problem& problem) {
  const std::size_t k = problem.target.directions();
  std::vector<double> zero(k, 0), gradient(k, 0);
  problem.target.gradient(zero.data(), gradient.data());
  double squares = 0;
  for (const double g : gradient) squares += g * g;
  const double linear = problem.covariance.first(0);
  double variance = problem.noise * problem.noise + problem.target.squared_norm();
  if (squares > 0) {
    if (linear <= 0)
      throw ConfigError("the lazy limit needs h'(0) > 0: the target has a linear part, the activation none");
    variance -= squares / linear;
  }
  return std::sqrt(variance);
}

Problem lazy_limit(const Problem& finite, double gamma, double alpha) {
  Problem limit;
  limit.covariance = finite.covariance.without_linear_term();
  limit.width = 1;
  limit.samples = alpha;
  limit.noise = lazy_noise(finite);
  limit.second_layer = gamma;
  limit.second_layer_rate = 0;
  return limit;
}

}  // namespace talweg::mean_field
