#include "optim/line_search/line_search.h"

#include <algorithm>
#include <cmath>

#include "core/device/host_read.h"
#include "core/libtorch.h"
#include "core/objective/inner_product.h"
#include "core/objective/ridge_objective.h"
#include "optim/gradient_reading.h"

namespace talweg::optim {
void declare(config::Fields& f, ToleranceOptions& o) {
  f("absolute", o.absolute, "added to the right side of the test", config::at_least(0));
  f("relative", o.relative, "times |f|, added as well (default: the precision of the loss, and 0 in float64)",
    config::at_least(0));
}

void declare(config::Fields& f, LineSearchOptions& o) {
  f("direction", o.direction, "where the step goes");
  f("start", o.start, "the first trial of every search");
  f("acceptance", o.acceptance, "when a trial is good enough");
  f("shrink", o.shrink, "factor beta on a trial that is too long", config::above(0), config::below(1));
  f("stretch", o.stretch, "factor on a trial that is too short (goldstein)", config::above(1));
  f("largest_step", o.largest_step, "largest step eta_max; a schedule scales it", config::above(0));
  f("smallest_step", o.smallest_step, "a search gives up below this step", config::above(0));
  f("max_trials", o.max_trials, "trials of a search (default: enough for all steps from the largest to the smallest)",
    config::at_least(1));
  f("tolerance", o.tolerance, "how much of an increase may be rounding");
  f("longest_interval", o.longest_interval,
    "search only every so many steps while searches accept their first trial; 1: at every step", config::at_least(1));
  f("ridge", o.ridge, "lambda of the penalty lambda/2·|theta|² in the searched loss", config::at_least(0));
  f("weight_decay", o.weight_decay, "after the step, theta ← theta/(1 + eta·lambda), outside the searched loss",
    config::at_least(0));
}

void validate(const LineSearchOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.smallest_step > o.largest_step) diagnostics.error(where.where, "'smallest_step' is above 'largest_step'");
}

LineSearch::LineSearch(ParameterList parameters, const LineSearchOptions& options)
    : Optimizer(std::move(parameters), options.largest_step), options_(options) {
  register_directions();
  register_start_rules();
  register_acceptance_tests();
  direction_ = options_.direction.create(tensors());
  start_ = options_.start.create();
  acceptance_ = options_.acceptance.create();
}

StepReport LineSearch::step(Objective& given) {
  std::optional<RidgeObjective> with_ridge;
  if (options_.ridge > 0) with_ridge.emplace(given, options_.ridge);
  Objective& objective = with_ridge ? static_cast<Objective&>(*with_ridge) : given;

  const Evaluation evaluation = objective.gradient();
  StepReport report = report_of(evaluation, 0);
  if (report.was_skipped()) return report;

  torch::NoGradGuard no_grad;
  const std::vector<at::Tensor>& gradient = gradients();
  const GradientReading read = read_gradient(evaluation, gradient);
  if (!read.is_finite()) return report.skipped();
  const double squared_norm = read.squared_norm;
  SearchPoint point{read.value, squared_norm};
  report.status = StepStatus::converged;
  if (squared_norm == 0) return report;

  Direction direction = direction_->propose(tensors(), gradient);
  if (!direction.front().is_same(gradient.front())) {
    point.slope = host_read(inner_product(gradient, direction)).front();
    if (!(point.slope > 0)) {  // rounding has spoilt what the direction remembers
      direction_->forget();
      direction = gradient;
      point.slope = squared_norm;
    }
  }

  if (search_is_due()) {
    search(objective, point, squared_norm, std::move(direction), report);
  } else {
    ++steps_without_search_;
    std::vector<at::Tensor> parameters = tensors();
    at::_foreach_add_(parameters, direction, -last_step_);
    accept(direction, last_step_);
    report.step_size = last_step_;
    report.status = StepStatus::accepted;
  }
  last_squared_norm_ = squared_norm;
  epoch_ += objective.batch_share();
  return report;
}

void LineSearch::search(Objective& objective, const SearchPoint& at, double squared_norm, Direction direction,
                        StepReport& report) {
  SearchPoint point = at;
  const std::unique_ptr<Ray> ray = objective.along(direction);
  // A ray that evaluates blocks does so in double precision; the reference then comes from it as well.
  if (ray->block_size() > 1 && report.loss.scalar_type() != at::kDouble) {
    const double here = 0;
    point.value = ray->values({&here, 1}).front();
  }

  SearchLimits limits;
  limits.largest_step = learning_rate();
  limits.smallest_step = options_.smallest_step;
  limits.shrink = options_.shrink;
  limits.stretch = options_.stretch;
  limits.max_trials =
      options_.max_trials.value_or(enough_trials(limits.largest_step, limits.smallest_step, limits.shrink));
  const double precision = objective.relative_precision();
  const double relative = options_.tolerance.relative.value_or(precision > 1e-12 ? precision : 0);
  limits.slack = options_.tolerance.absolute + relative * std::abs(point.value);

  limits.expected = last_step_;
  const double epoch_after = epoch_ + 1e-9;
  StartContext context;
  context.point = point;
  context.largest_step = limits.largest_step;
  context.last_step = last_step_;
  context.last_squared_norm = last_squared_norm_;
  context.squared_norm = squared_norm;
  context.last_backtracks = last_backtracks_;
  context.batch_share = objective.batch_share();
  context.epoch_begins = epoch_after - std::floor(epoch_after) < context.batch_share - 1e-9 || context.batch_share >= 1;
  const double first = start_->first_step(context);

  acceptance_->begin(point);
  const SearchResult result = backtrack(*ray, *acceptance_, point, first, limits);
  ++counters_.searches;
  counters_.trials += result.trials;
  counters_.backtracks += result.backtracks;
  last_backtracks_ = result.backtracks;
  steps_without_search_ = 1;
  const std::int64_t longer_interval = result.backtracks == 0 ? std::min(interval_ + 1, options_.longest_interval) : 1;
  interval_ = 1;

  report.forwards += ray->forwards();
  report.scalars = {{"trials", static_cast<double>(result.trials)}};
  if (result.status != SearchResult::Status::accepted) {
    ++counters_.failures;
    direction_->forget();
    report.status = StepStatus::search_failed;
  } else if (result.value == point.value) {
    report.status = StepStatus::converged;  // what is left to gain is below the precision of the loss
  } else {
    ray->accept(result.step);
    accept(direction, result.step);
    last_step_ = result.step;
    interval_ = longer_interval;
    report.step_size = result.step;
    report.status = StepStatus::accepted;
  }
  if (counters_.failures > 0) report.scalars.emplace_back("failed_searches", static_cast<double>(counters_.failures));
}

void LineSearch::accept(const Direction& direction, double step) {
  direction_->moved(tensors(), direction, step);
  if (options_.weight_decay > 0) {
    std::vector<at::Tensor> parameters = tensors();
    at::_foreach_div_(parameters, 1 + step * options_.weight_decay);
  }
}

OptimizerState LineSearch::state_dict() const {
  OptimizerState state;
  direction_->save(state);
  nlohmann::json values = {{"last_step", last_step_},
                           {"last_squared_norm", last_squared_norm_},
                           {"last_backtracks", last_backtracks_},
                           {"epoch", epoch_},
                           {"interval", interval_},
                           {"steps_without_search", steps_without_search_},
                           {"searches", counters_.searches},
                           {"trials", counters_.trials},
                           {"backtracks", counters_.backtracks},
                           {"failures", counters_.failures},
                           {"direction", state.values},
                           {"start", nlohmann::json::object()},
                           {"acceptance", nlohmann::json::object()}};
  start_->save(values["start"]);
  acceptance_->save(values["acceptance"]);
  state.values = std::move(values);
  return state;
}

void LineSearch::load_state_dict(const OptimizerState& state) {
  const nlohmann::json& values = state.values;
  direction_->load({state.tensors, values.at("direction")});
  start_->load(values.at("start"));
  acceptance_->load(values.at("acceptance"));
  last_step_ = values.at("last_step").get<double>();
  last_squared_norm_ = values.at("last_squared_norm").get<double>();
  last_backtracks_ = values.at("last_backtracks").get<std::int64_t>();
  epoch_ = values.at("epoch").get<double>();
  interval_ = values.at("interval").get<std::int64_t>();
  steps_without_search_ = values.at("steps_without_search").get<std::int64_t>();
  counters_ = {values.at("searches").get<std::int64_t>(), values.at("trials").get<std::int64_t>(),
               values.at("backtracks").get<std::int64_t>(), values.at("failures").get<std::int64_t>()};
}

}  // namespace talweg::optim
