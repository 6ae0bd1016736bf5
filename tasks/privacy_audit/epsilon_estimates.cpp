#include "tasks/privacy_audit/epsilon_estimates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace talweg::tasks {
namespace {

double log_choose(double n, double k) {
  return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
}

/// P[Binomial(n, p) = k].
double binomial_mass(std::int64_t n, std::int64_t k, double p) {
  if (p <= 0) return k == 0 ? 1 : 0;
  if (p >= 1) return k == n ? 1 : 0;
  const auto a = static_cast<double>(n), b = static_cast<double>(k);
  return std::exp(log_choose(a, b) + b * std::log(p) + (a - b) * std::log1p(-p));
}

/// P[Binomial(n, p) ≥ k].
double upper_tail(std::int64_t n, std::int64_t k, double p) {
  double sum = 0;
  for (std::int64_t i = std::max<std::int64_t>(k, 0); i <= n; ++i) sum += binomial_mass(n, i, p);
  return std::min(sum, 1.0);
}

/// The argument in [low, high] at which a monotone test turns from false to true.
template <class Test>
double turning_point(double low, double high, Test&& is_true) {
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (is_true(middle) ? high : low) = middle;
  }
  return (low + high) / 2;
}

double log_ratio(double above, double below) {
  if (above <= 0) return -std::numeric_limits<double>::infinity();
  return below <= 0 ? std::numeric_limits<double>::infinity() : std::log(above / below);
}

}  // namespace

double epsilon_of_rates(double false_positive_rate, double false_negative_rate, double delta) {
  return std::max({0.0, log_ratio(1 - delta - false_positive_rate, false_negative_rate),
                   log_ratio(1 - delta - false_negative_rate, false_positive_rate)});
}

Interval clopper_pearson(std::int64_t successes, std::int64_t trials, double confidence) {
  const double tail = (1 - confidence) / 2;
  Interval interval{0, 1};
  if (successes > 0)
    interval.low = turning_point(0, 1, [&](double p) { return upper_tail(trials, successes, p) > tail; });
  if (successes < trials)
    interval.high = turning_point(0, 1, [&](double p) { return 1 - upper_tail(trials, successes + 1, p) < tail; });
  return interval;
}

AttackEstimate estimate_attack(std::int64_t false_positives, std::int64_t non_members, std::int64_t false_negatives,
                               std::int64_t members, double delta, double confidence) {
  const auto smoothed = [](std::int64_t k, std::int64_t n) {
    return (static_cast<double>(k) + 0.5) / (static_cast<double>(n) + 1);
  };
  // Each rate is one-sided here and may fail with half of what the confidence leaves.
  const Interval positive = clopper_pearson(false_positives, non_members, confidence);
  const Interval negative = clopper_pearson(false_negatives, members, confidence);
  return {epsilon_of_rates(smoothed(false_positives, non_members), smoothed(false_negatives, members), delta),
          epsilon_of_rates(positive.high, negative.high, delta), epsilon_of_rates(positive.low, negative.low, delta)};
}

double epsilon_refuted_by_one_run(std::int64_t canaries, std::int64_t guesses, std::int64_t correct, double delta,
                                  double confidence) {
  // p-value of "the mechanism is (ε, δ)-private": f(v) + 2mδ·max_i (f(v − i) − f(v))/i with f the upper tail of a
  // binomial whose success probability is that of randomised response.
  const auto p_value = [&](double epsilon) {
    const double p = 1 / (1 + std::exp(-epsilon));
    double tail = 0, steepest = 0;
    std::vector<double> mass(static_cast<std::size_t>(guesses) + 1);
    for (std::int64_t k = 0; k <= guesses; ++k) mass[static_cast<std::size_t>(k)] = binomial_mass(guesses, k, p);
    for (std::int64_t k = correct; k <= guesses; ++k) tail += mass[static_cast<std::size_t>(k)];
    double difference = 0;
    for (std::int64_t i = 1; i <= correct; ++i) {
      difference += mass[static_cast<std::size_t>(correct - i)];
      steepest = std::max(steepest, difference / static_cast<double>(i));
    }
    return tail + 2 * static_cast<double>(canaries) * delta * steepest;
  };
  const double allowed = 1 - confidence;
  if (p_value(0) > allowed) return 0;
  return turning_point(0, 60, [&](double epsilon) { return p_value(epsilon) > allowed; });
}

}  // namespace talweg::tasks
