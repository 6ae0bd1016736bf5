#pragma once

#include <memory>
#include <string>

#include "optim/derivative_free/observing_optimizer.h"
#include "optim/nlopt/inverted_search.h"

namespace talweg::optim {

struct NloptSearchOptions {
  double initial_step = 0.5;
  std::int64_t draws = 1;
  std::int64_t points = 10;
};
void declare(config::Fields& f, NloptSearchOptions& o);

struct NelderMeadOptions : NloptSearchOptions {};
struct SbplxOptions : NloptSearchOptions {};
struct CobylaOptions : NloptSearchOptions {};
struct BobyqaOptions : NloptSearchOptions {};

/// A method of NLopt, one point after the other: a step is the next `points` of them, each the mean of `draws`
/// observations. The parameters stand at the point of the least mean so far. Where the method finds nothing smaller, it
/// begins again there. These methods know of no noise: below its size they see little, and a value that was lucky holds
/// them. What was observed is kept with the state; a run that goes on hands it to the method again, which then stands
/// where it stood. Source: NLopt 2.7 (Nelder and Mead 1965; Rowan 1990; Powell 1994, 2009).
class NloptSearch : public ObservingOptimizer {
 public:
  NloptSearch(ParameterList parameters, const NelderMeadOptions& options);
  NloptSearch(ParameterList parameters, const SbplxOptions& options);
  NloptSearch(ParameterList parameters, const CobylaOptions& options);
  NloptSearch(ParameterList parameters, const BobyqaOptions& options);

  /// Throws ConfigError when there are more variables than the method can hold, or fewer than it needs.
  void begin_run(const RunPlan& plan, Objective& objective) override;

 protected:
  void advance(Observer& observer, StepReport& report) override;
  std::int64_t least_evaluations(std::int64_t) const override { return options_.draws; }
  void save_search(OptimizerState& state) const override;
  void load_search(const OptimizerState& state) override;

 private:
  enum class Method { nelder_mead, sbplx, cobyla, bobyqa };
  NloptSearch(ParameterList parameters, Method method, const NloptSearchOptions& options)
      : ObservingOptimizer(std::move(parameters), options.initial_step), method_(method), options_(options) {}
  /// Starts the method, and takes it to where the values that are known lead.
  void begin(const Observer& observer);
  void take(const std::vector<double>& point, double value);
  const char* name() const;

  Method method_;
  NloptSearchOptions options_;
  at::Tensor origin_;           // [d], where the search began
  std::vector<double> values_;  // told so far
  std::vector<double> best_;
  double least_ = 0;
  std::unique_ptr<InvertedSearch> search_;
};

/// Registers nelder_mead, bobyqa, sbplx and cobyla. Calling it again does nothing.
void register_nlopt();

}  // namespace talweg::optim
