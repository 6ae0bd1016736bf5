#include "models/mean_field/limits.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "models/mean_field/triangle_rows.h"

namespace talweg::mean_field {

std::vector<double> MeanFieldFlow::start() const {
  std::vector<double> state(problem_.target.directions() + 1, 0);
  state[0] = problem_.second_layer;
  return state;
}

Flow MeanFieldFlow::flow() const {
  return [problem = problem_, alpha = alpha_](double, const std::vector<double>& y, std::vector<double>& slope) {
    const std::size_t k = problem.target.directions();
    const double a = y[0], *v = y.data() + 1;
    double square = 0, radial = 0;
    for (std::size_t j = 0; j < k; ++j) square += v[j] * v[j];
    std::vector<double> force(k);
    problem.target.gradient(v, force.data());
    const Jet<double> h = problem.covariance.at(square);
    for (std::size_t j = 0; j < k; ++j) {
      force[j] -= a * h.first * v[j];
      radial += v[j] * force[j];
    }
    slope[0] = alpha * problem.second_layer_rate * (problem.target.covariance(v) - a * h.value);
    for (std::size_t j = 0; j < k; ++j) slope[j + 1] = alpha * a * (force[j] - v[j] * radial);
  };
}

double MeanFieldFlow::error(const std::vector<double>& y) const {
  double square = 0;
  for (std::size_t j = 1; j < y.size(); ++j) square += y[j] * y[j];
  return 0.5 * (problem_.noise * problem_.noise + problem_.target.squared_norm() -
                2 * y[0] * problem_.target.covariance(y.data() + 1) + y[0] * y[0] * problem_.covariance(square));
}

LazyStart::LazyStart(const Problem& problem, double gamma, double alpha)
    : noise_(problem.noise),
      norm_(problem.target.squared_norm()),
      linear_(problem.covariance.first(0)),
      one_(problem.covariance(1)),
      gamma_(gamma) {
  if (!(linear_ > 0)) throw ConfigError("the lazy start needs h'(0) > 0: without a linear part nothing is learnt then");
  kappa = alpha * gamma * gamma * linear_;
  const std::size_t k = problem.target.directions();
  std::vector<double> zero(k, 0), gradient(k, 0);
  problem.target.gradient(zero.data(), gradient.data());
  double squares = 0;
  for (const double g : gradient) squares += g * g;
  slope_ = std::sqrt(squares);
}

double LazyStart::neurons(double that) const {
  return std::exp(-2 * kappa * that) - 1;
}

double LazyStart::diagonal(double that, double shat) const {
  const double difference = std::exp(-kappa * that) - std::exp(-kappa * shat);
  return -0.5 * difference * difference;
}

double LazyStart::overlap(double that) const {
  return slope_ / (gamma_ * linear_) * (1 - std::exp(-kappa * that));
}

double LazyStart::error(double that) const {
  const double decay = std::exp(-2 * kappa * that);
  return plateau() + 0.5 * decay * (slope_ * slope_ / linear_ + gamma_ * gamma_ * linear_);
}

double LazyStart::plateau() const {
  return 0.5 * (noise_ * noise_ + norm_ - slope_ * slope_ / linear_ + gamma_ * gamma_ * (one_ - linear_));
}

double noise_start_overlap(const Problem& problem, double alpha, double t, double s) {
  const double rho = alpha * problem.second_layer * problem.second_layer * problem.covariance.first(0);
  return problem.noise * problem.noise / rho * (1 - std::exp(-rho * t)) * (1 - std::exp(-rho * s)) +
         std::exp(-rho * (t + s)) - 1;
}

SphericalSpin::SphericalSpin(PowerSeries covariance, Parallel parallel)
    : h_(covariance.without_linear_term()), parallel_(std::move(parallel)) {
  const double one = 1, zero = 0;
  c_.append(&one);
  r_.append(&zero);
}

SphericalSpin::Point SphericalSpin::measure() {
  const std::size_t n = c_.rows(), last = n - 1;
  first_.assign(padded_count(n), 0);
  second_.assign(padded_count(n), 0);
  for (std::size_t s = 0; s < n; ++s) {
    const Jet<double> jet = h_.at(c_(last, s));
    first_[s] = jet.first;
    second_[s] = jet.second * r_(last, s);
  }
  Point point{t_.back(), dot_product(first_.data(), r_.row(last), n), 0};
  mu_ = point.mu = dot_product(second_.data(), c_.row(last), n) + point.growth;
  return point;
}

void SphericalSpin::advance(double eta) {
  const std::size_t n = c_.rows(), last = n - 1, length = padded_count(n);
  for (int i = 0; i < 2; ++i) {
    along_[i].assign(length, 0);
    across_[i].assign(length, 0);
  }
  sweep_.run({{&c_, second_.data(), second_.data(), along_[0].data(), across_[0].data()},
              {&r_, first_.data(), second_.data(), along_[1].data(), across_[1].data()}},
             n, parallel_);
  std::vector<double> c(n + 1, 1), r(n + 1, 0);
  for (std::size_t l = 0; l < n; ++l) {
    const double drift = along_[0][l] + across_[0][l] - second_[l] * c_(l, l) + along_[1][l];
    c[l] = c_(last, l) + eta * (drift - mu_ * c_(last, l));
    r[l] = r_(last, l) + eta * (across_[1][l] - mu_ * r_(last, l));
  }
  r[last] = eta;
  c_.append(c.data());
  r_.append(r.data());
  t_.push_back(t_.back() + eta);
}

double threshold_growth(double coefficient, int degree) {
  const auto k = static_cast<double>(degree);
  return 2 * std::sqrt(coefficient * (k - 1) / k);
}

}  // namespace talweg::mean_field
