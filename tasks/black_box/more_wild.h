#pragma once

#include "tasks/black_box/more_wild_functions.h"
#include "tasks/black_box/noise_model.h"
#include "tasks/black_box/oracle.h"

namespace talweg::tasks {

enum class NoisePlace {
  value,       ///< on F
  components,  ///< on every f_i before it is squared, the noise of the benchmark
};
inline std::vector<std::pair<std::string, NoisePlace>> choices(NoisePlace) {
  return {{"value", NoisePlace::value}, {"components", NoisePlace::components}};
}

struct MoreWildOptions {
  std::string problem = "rosenbrock_good_start";
  NoisePlace noise_on = NoisePlace::components;
  NoiseOptions noise{.sigma = 1e-2};
};
void declare(config::Fields& f, MoreWildOptions& o);
void validate(const MoreWildOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// A problem of Moré and Wild: F = Σ f_i². With noise on the components the mean of an observation is F + m·σ²
/// (additive) or (1 + σ²)·F (relative), and its noise depends on the point; exact() and minimum() are those means.
/// Source: Moré and Wild 2009; the functions as in their BenDFO collection.
class MoreWild : public Oracle {
 public:
  MoreWild(const MoreWildOptions& options);
  std::vector<OracleVariable> variables() const override;
  void observe(const double* points, std::int64_t m, std::span<const std::uint64_t> seeds, double* values) override;
  std::optional<double> exact(const double* x) const override { return mean_of(sum_of_squares(x)); }
  std::optional<double> minimum() const override { return mean_of(problem_.best); }
  const MoreWildProblem& problem() const { return problem_; }

 private:
  double sum_of_squares(const double* x) const;
  /// The mean of an observation where the sum of squares is `value`.
  double mean_of(double value) const;

  MoreWildOptions options_;
  const MoreWildProblem& problem_;
};

}  // namespace talweg::tasks
