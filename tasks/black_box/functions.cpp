#include "tasks/black_box/functions.h"

#include <cmath>

namespace talweg::tasks {
namespace {

/// From 1 to `condition` at equal ratios.
std::vector<double> spread(double condition, std::int64_t count) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i)
    values.push_back(count == 1 ? condition
                                : std::pow(condition, static_cast<double>(i) / static_cast<double>(count - 1)));
  return values;
}

/// (odd, even, odd, …).
std::vector<double> alternating(double odd, double even, std::int64_t count) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(i % 2 == 0 ? odd : even);
  return values;
}

}  // namespace

void declare(config::Fields& f, FunctionOptions& o) {
  f("dimension", o.dimension, "d: number of variables", config::at_least(1));
  f("noise", o.noise, "what an observation adds to the value");
}

double Sphere::value(const double* x) const {
  double sum = 0;
  for (std::int64_t i = 0; i < d_; ++i) sum += x[i] * x[i];
  return sum / 2;
}

void declare(config::Fields& f, EllipsoidOptions& o) {
  declare(f, static_cast<FunctionOptions&>(o));
  f("condition", o.condition, "largest curvature over the smallest, which is 1", config::at_least(1));
}

Ellipsoid::Ellipsoid(const EllipsoidOptions& options)
    : FunctionOracle(options.noise), curvatures_(spread(options.condition, options.dimension)) {}

double Ellipsoid::value(const double* x) const {
  double sum = 0;
  for (std::size_t i = 0; i < curvatures_.size(); ++i) sum += curvatures_[i] * x[i] * x[i];
  return sum / 2;
}

void declare(config::Fields& f, SumOfExponentialsOptions& o) {
  declare(f, static_cast<FunctionOptions&>(o));
  f("condition", o.condition, "largest curvature at the minimum over the smallest, which is 1", config::at_least(1));
}

SumOfExponentials::SumOfExponentials(const SumOfExponentialsOptions& options)
    : FunctionOracle(options.noise), curvatures_(spread(options.condition, options.dimension)) {}

double SumOfExponentials::value(const double* x) const {
  double sum = 0;
  for (std::size_t i = 0; i < curvatures_.size(); ++i) sum += curvatures_[i] * (std::expm1(x[i]) - x[i]);
  return sum;
}

void validate(const RosenbrockChainOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.dimension < 2) diagnostics.error(where.at("dimension"), "'dimension' must be at least 2 for this function");
}

double RosenbrockChain::value(const double* x) const {
  double sum = 0;
  for (std::int64_t i = 0; i + 1 < d_; ++i) {
    const double valley = x[i + 1] - x[i] * x[i], along = 1 - x[i];
    sum += 100 * valley * valley + along * along;
  }
  return sum;
}

std::vector<double> RosenbrockChain::start() const {
  return alternating(-1.2, 1, d_);
}

void declare(config::Fields& f, Function79Options& o) {
  f("dimension", o.dimension, "d: number of variables, even", config::at_least(2));
  f("noise", o.noise, "what an observation adds to the value");
}

void validate(const Function79Options& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.dimension % 2) diagnostics.error(where.at("dimension"), "'dimension' must be even for this function");
}

double Function79::value(const double* x) const {
  double sum = 0;
  for (std::int64_t i = 0; i < d_; i += 2) {
    const double valley = x[i + 1] - x[i], along = 1 - x[i];
    const double square = 10 * valley * valley + along * along;
    sum += square * square * square * square;
  }
  return sum;
}

std::vector<double> Function79::start() const {
  return alternating(3, 1, d_);
}

}  // namespace talweg::tasks
