#include "tasks/black_box/queue.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/random/random_streams.h"

namespace talweg::tasks {

void declare(config::Fields& f, QueueOptions& o) {
  f("arrival_rate", o.arrival_rate, "lambda: customers per unit of time", config::above(0));
  f("cost", o.cost, "of the square of the service rate", config::above(0));
  f("customers", o.customers, "of one simulation", config::at_least(1));
  f("start", o.start, "service rate to begin with", config::above(0));
}

void validate(const QueueOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.start <= o.arrival_rate)
    diagnostics.error(where.at("start"),
                      "'start' must be above 'arrival_rate': a slower server's queue grows for ever");
}

std::vector<OracleVariable> Queue::variables() const {
  return {{.name = "service_rate", .start = options_.start, .lower = 1.02 * options_.arrival_rate}};
}

double Queue::simulate(double rate, std::uint64_t seed) const {
  RandomGenerator generator(seed);
  const auto exponential = [&](double of) { return -std::log1p(-generator.uniform()) / of; };
  const double idle = rate - options_.arrival_rate;
  // The stationary wait: 0 with probability 1 − λ/μ, else exponential of rate μ − λ.
  double wait = generator.uniform() < options_.arrival_rate / rate ? exponential(idle) : 0, total = 0;
  for (std::int64_t i = 0; i < options_.customers; ++i) {
    const double stay = wait + exponential(rate);
    total += stay;
    wait = std::max(0.0, stay - exponential(options_.arrival_rate));
  }
  return total / static_cast<double>(options_.customers) + options_.cost * rate * rate;
}

void Queue::observe(const double* points, std::int64_t m, std::span<const std::uint64_t> seeds, double* values) {
  const std::size_t draws = seeds.size() / static_cast<std::size_t>(m);
  for (std::size_t i = 0; i < seeds.size(); ++i) values[i] = simulate(points[i / draws], seeds[i]);
}

std::optional<double> Queue::exact(const double* x) const {
  if (x[0] <= options_.arrival_rate) return std::numeric_limits<double>::infinity();
  return 1 / (x[0] - options_.arrival_rate) + options_.cost * x[0] * x[0];
}

std::optional<double> Queue::minimum() const {
  // The slope −1/(μ − λ)² + 2cμ grows with μ; bisection between λ and where it must be positive.
  double low = options_.arrival_rate, high = low + 1 + 1 / options_.cost;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2, idle = middle - options_.arrival_rate;
    (2 * options_.cost * middle * idle * idle > 1 ? high : low) = middle;
  }
  return exact(&high);
}

}  // namespace talweg::tasks
