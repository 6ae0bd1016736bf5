#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/optimizer/optimizer.h"
#include "optim/line_search/backtracking.h"
#include "optim/line_search/direction.h"
#include "optim/line_search/start_rule.h"

namespace talweg::optim {

struct ToleranceOptions {
  double absolute = 0;
  std::optional<double> relative;
};
void declare(config::Fields& f, ToleranceOptions& o);

/// Options of a line search; the defaults suit mini-batches of a network.
struct LineSearchOptions {
  config::Component<DirectionKind> direction{"gradient"};
  config::Component<StartRuleKind> start{"grow"};
  config::Component<AcceptanceKind> acceptance{"armijo", {{"c", "0.1"}}};
  double shrink = 0.7;
  double stretch = 2;
  double largest_step = 10;
  double smallest_step = 1e-12;
  std::optional<std::int64_t> max_trials;
  ToleranceOptions tolerance;
  std::int64_t longest_interval = 1;
  double ridge = 0;
  double weight_decay = 0;
};
void declare(config::Fields& f, LineSearchOptions& o);
void validate(const LineSearchOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Gradient descent that finds its step size: from a first trial the step is shortened until the loss has fallen
/// enough. Direction, first trial and test of acceptance are parts of their own. One evaluation with gradient per step
/// and one forward pass per trial, without graph, on the step's frozen objective. A search that fails leaves the
/// parameters as they are. Source: Armijo 1966; Vaswani et al. 2019; Vaswani and Babanezhad 2025, algorithm 1.
class LineSearch : public Optimizer {
 public:
  LineSearch(ParameterList parameters, const LineSearchOptions& options);
  LineSearch(const std::vector<at::Tensor>& parameters, const LineSearchOptions& options)
      : LineSearch(name_parameters(parameters), options) {}

  using Optimizer::step;
  StepReport step(Objective& objective) override;
  OptimizerState state_dict() const override;
  void load_state_dict(const OptimizerState& state) override;

  /// Exact counts since the start.
  struct Counters {
    std::int64_t searches = 0;
    std::int64_t trials = 0;
    std::int64_t backtracks = 0;
    std::int64_t failures = 0;
  };
  const Counters& counters() const { return counters_; }
  /// The step size accepted last; 0 before the first.
  double last_step() const { return last_step_; }

 private:
  void search(Objective& objective, const SearchPoint& point, double squared_norm, Direction direction,
              StepReport& report);
  void accept(const Direction& direction, double step);
  bool search_is_due() const { return steps_without_search_ >= interval_; }

  LineSearchOptions options_;
  std::unique_ptr<DirectionRule> direction_;
  std::unique_ptr<StartRule> start_;
  std::unique_ptr<AcceptanceTest> acceptance_;

  double last_step_ = 0;
  double last_squared_norm_ = 0;
  std::int64_t last_backtracks_ = 0;
  double epoch_ = 0;                       // Σ batch shares
  std::int64_t interval_ = 1;              // steps from one search to the next
  std::int64_t steps_without_search_ = 1;  // since the last search, this step included
  Counters counters_;
};

}  // namespace talweg::optim
