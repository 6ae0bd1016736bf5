#include "tasks/black_box/more_wild.h"

#include <fmt/format.h>

#include <cmath>

#include "core/io/closest_word.h"

namespace talweg::tasks {
namespace {

std::vector<std::string> problem_names() {
  std::vector<std::string> names;
  for (const MoreWildProblem& problem : more_wild_problems()) names.push_back(problem.name);
  return names;
}

}  // namespace

void declare(config::Fields& f, MoreWildOptions& o) {
  f("problem", o.problem, "one of the 53: rosenbrock_good_start, bard_bad_start, chebyquad_8, …");
  f("noise_on", o.noise_on, "on the value, or on every component before it is squared");
  f("noise", o.noise, "what an observation adds");
}

void validate(const MoreWildOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (!find_more_wild(o.problem))
    diagnostics.error(where.at("problem"), fmt::format("there is no problem '{}' of Moré and Wild{}", o.problem,
                                                       io::suggestion(o.problem, problem_names())));
  if (o.noise_on == NoisePlace::components && o.noise.scale == NoiseScale::state_dependent)
    diagnostics.error(where.at("noise"), "noise on the components is 'additive' or 'relative'");
}

MoreWild::MoreWild(const MoreWildOptions& options) : options_(options), problem_(*find_more_wild(options.problem)) {}

std::vector<OracleVariable> MoreWild::variables() const {
  std::vector<OracleVariable> variables;
  for (const double x : start_of(problem_))
    variables.push_back({.name = fmt::format("x{}", variables.size() + 1), .start = x});
  return variables;
}

double MoreWild::sum_of_squares(const double* x) const {
  std::vector<double> f(static_cast<std::size_t>(problem_.m));
  components(problem_, x, f.data());
  double sum = 0;
  for (const double component : f) sum += component * component;
  return sum;
}

double MoreWild::mean_of(double value) const {
  if (options_.noise_on == NoisePlace::value || options_.noise.shape == NoiseShape::none) return value;
  const double variance = options_.noise.sigma * options_.noise.sigma;
  return options_.noise.scale == NoiseScale::relative ? (1 + variance) * value
                                                      : value + static_cast<double>(problem_.m) * variance;
}

void MoreWild::observe(const double* points, std::int64_t m, std::span<const std::uint64_t> seeds, double* values) {
  const std::size_t draws = seeds.size() / static_cast<std::size_t>(m), count = static_cast<std::size_t>(problem_.m);
  if (options_.noise_on == NoisePlace::value) {
    standard_noise(options_.noise.shape, seeds.data(), seeds.size(), 1, values);
    for (std::int64_t i = 0; i < m; ++i) {
      const double exact = sum_of_squares(points + i * problem_.n);
      for (std::size_t j = 0; j < draws; ++j, ++values) *values = with_noise(options_.noise, exact, *values);
    }
    return;
  }
  std::vector<double> f(count), noise(count * draws);
  for (std::int64_t i = 0; i < m; ++i) {
    components(problem_, points + i * problem_.n, f.data());
    standard_noise(options_.noise.shape, seeds.data() + static_cast<std::size_t>(i) * draws, draws, problem_.m,
                   noise.data());
    for (std::size_t j = 0; j < draws; ++j, ++values) {
      *values = 0;
      for (std::size_t c = 0; c < count; ++c) {
        const double component = with_noise(options_.noise, f[c], noise[c * draws + j]);
        *values += component * component;
      }
    }
  }
}

}  // namespace talweg::tasks
