#include "optim/derivative_free/noisy_line_search.h"

#include <cmath>
#include <limits>

#include "core/libtorch.h"
#include "core/objective/ray.h"
#include "optim/line_search/backtracking.h"

namespace talweg::optim {
namespace {

/// Means of fresh observations on the half line x − s·d, inside the box. Where the budget does not pay for a trial it
/// is infinite, and so no step is accepted.
class ObservedRay : public Ray {
 public:
  ObservedRay(Observer& observer, const NoisyLine& line, std::int64_t draws)
      : observer_(observer), line_(line), draws_(draws) {}

  std::vector<double> values(std::span<const double> step_sizes) override {
    std::vector<double> means;
    for (const double step : step_sizes) {
      if (!observer_.affords(draws_)) {
        means.push_back(std::numeric_limits<double>::infinity());
        continue;
      }
      const at::Tensor point = observer_.inside(at::sub(line_.origin, line_.direction, step));
      means.push_back(observer_.observe(point.unsqueeze(0), draws_).mean().item<double>());
      ++trials_;
    }
    return means;
  }
  void accept(double) override {}
  std::int64_t forwards() const override { return trials_ * draws_; }

 private:
  Observer& observer_;
  const NoisyLine& line_;
  std::int64_t draws_, trials_ = 0;
};

struct ConstantStepOptions {
  double learning_rate = 0.1;
};
void declare(config::Fields& f, ConstantStepOptions& o) {
  f("learning_rate", o.learning_rate, "step size eta, at most 1/L for the theory of the norm test", config::above(0));
}

class ConstantStep : public NoisyStepRule {
 public:
  explicit ConstantStep(const ConstantStepOptions& options) : options_(options) {}
  double largest_step() const override { return options_.learning_rate; }
  std::int64_t least_evaluations(std::int64_t) const override { return 0; }
  NoisyStep decide(Observer&, const NoisyLine& line) override { return {.size = line.largest_step}; }

 private:
  ConstantStepOptions options_;
};

}  // namespace

void declare(config::Fields& f, NoisyLineSearchOptions& o) {
  f("c1", o.c1, "c1: share of the promised decrease that is asked for", config::above(0), config::below(1));
  f("shrink", o.shrink, "factor by which a rejected step is shortened", config::above(0), config::below(1));
  f("largest_step", o.largest_step, "s0: the longest step", config::above(0));
  f("slack", o.slack, "kappa: what is allowed for noise, in standard deviations of a trial's mean",
    config::at_least(0));
  f("replicates", o.replicates, "observations of a trial: one, or as many as pairs behind the gradient");
  f("max_backtrack", o.max_backtrack, "how often a step is shortened at most", config::at_least(0));
  f("start", o.start, "the first trial");
}

NoisyLineSearch::NoisyLineSearch(const NoisyLineSearchOptions& options) : options_(options) {
  register_acceptance_tests();
  test_ = config::Component<AcceptanceKind>("armijo", {{"c", config::number_text(options.c1)}}).create();
  start_ = options_.start.create();
}

NoisyStep NoisyLineSearch::decide(Observer& observer, const NoisyLine& line) {
  const std::int64_t draws = replicates(line.pairs);
  ObservedRay ray(observer, line, draws);
  const double here = 0;
  const SearchPoint point{ray.values({&here, 1}).front(), line.slope};
  SearchLimits limits;
  limits.largest_step = line.largest_step;
  limits.smallest_step = 0;
  limits.shrink = options_.shrink;
  limits.max_trials = options_.max_backtrack + 1;
  limits.slack = options_.slack * line.noise / std::sqrt(static_cast<double>(draws));
  const StartContext context{
      point, line.largest_step, last_step_, last_squared_norm_, line.squared_norm, last_backtracks_, 1, true};
  const SearchResult result = backtrack(ray, *test_, point, start_->first_step(context), limits);
  last_squared_norm_ = line.squared_norm;
  last_backtracks_ = result.backtracks;
  NoisyStep step{result.status == SearchResult::Status::accepted, result.step, point.value, result.trials};
  if (step.accepted) last_step_ = result.step;
  return step;
}

nlohmann::json NoisyLineSearch::state() const {
  nlohmann::json start = nlohmann::json::object();
  start_->save(start);
  return {{"last_step", last_step_},
          {"last_squared_norm", last_squared_norm_},
          {"last_backtracks", last_backtracks_},
          {"start", start}};
}

void NoisyLineSearch::load(const nlohmann::json& state) {
  last_step_ = state.at("last_step").get<double>();
  last_squared_norm_ = state.at("last_squared_norm").get<double>();
  last_backtracks_ = state.at("last_backtracks").get<std::int64_t>();
  start_->load(state.at("start"));
}

void register_noisy_steps() {
  static const bool once = [] {
    auto& registry = config::Registry<NoisyStepKind>::instance();
    registry.add<NoisyLineSearch, NoisyLineSearchOptions>("line_search", "shortened until noisy values have fallen",
                                                          "arXiv 2405.05638; replicates: ours");
    registry.add<ConstantStep, ConstantStepOptions>("constant", "every step of one length times the gradient's",
                                                    "standard");
    return true;
  }();
  (void)once;
}

}  // namespace talweg::optim
