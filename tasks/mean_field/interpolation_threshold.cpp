#include "tasks/mean_field/interpolation_threshold.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/study/number_list.h"
#include "tasks/mean_field/solver_state.h"
#include "tasks/mean_field/solver_threads.h"

namespace talweg::tasks {
namespace {

using mean_field::Observables;

constexpr double kInterpolated = 1e-7;  // of τ²
constexpr std::int64_t kMostRows = 20'000;

std::string name_of(ThresholdParameter parameter) {
  for (const auto& [name, one] : choices(parameter))
    if (one == parameter) return name;
  return "";
}

NetworkOptions network_at(const InterpolationThresholdOptions& o, double x) {
  NetworkOptions network = o;
  switch (o.parameter) {
    case ThresholdParameter::alpha:
      network.alpha = x;
      break;
    case ThresholdParameter::samples:
      network.samples = x;
      break;
    case ThresholdParameter::gamma:
      network.gamma = x;
      break;
    case ThresholdParameter::second_layer:
      network.second_layer = x;
      break;
  }
  return network;
}

mean_field::Problem problem_at_value(const InterpolationThresholdOptions& o, double x) {
  const NetworkOptions network = network_at(o, x);
  const mean_field::Problem problem =
      make_problem(network, o.lazy_limit ? 1 : o.width.value_or(mean_field::kAsGoodAsInfinite));
  return o.lazy_limit ? mean_field::lazy_limit(problem, *network.gamma, *network.alpha) : problem;
}

}  // namespace

void declare(config::Fields& f, InterpolationThresholdOptions& o) {
  declare(f, static_cast<NetworkOptions&>(o));
  f("parameter", o.parameter, "which number is moved to the threshold; the others stay");
  f("first", o.first, "values to begin with, two at least, at which noise is interpolated", config::above(0));
  f("solves", o.solves, "solves in all, each nearer to the threshold", config::at_least(2), config::at_most(100));
  f("width", o.width, "m: neurons (default: as good as infinitely many)", config::at_least(1));
  f("lazy_limit", o.lazy_limit, "the limit of large lazy networks at t = O(1), with 'gamma' and 'alpha'");
  f("integrator", o.integrator,
    "gd_exact: the limit of gradient descent with this step; paper_euler: explicit Euler of gradient flow");
  f("unit", o.unit, "power of m that 'step' and 'horizon' are measured in");
  f("step", o.step, "eta", config::above(0));
  f("horizon", o.horizon, "a solve that has not interpolated until then is beyond the threshold", config::above(0));
}

void validate(const InterpolationThresholdOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.first.size() < 2 || static_cast<std::int64_t>(o.first.size()) > o.solves)
    return diagnostics.error(where.at("first"), "'first' takes two values at least, and no more than 'solves'");
  const std::size_t before = diagnostics.messages().size();
  const std::string name = name_of(o.parameter);
  if (const config::Value* given = where.find(name); given && !given->is_null())
    diagnostics.error(where.at(name),
                      fmt::format("'{}' is what is searched for: give its first values in 'first'", name));
  validate(static_cast<const NetworkOptions&>(network_at(o, o.first.front())), where, diagnostics);
  if (o.lazy_limit) {
    const NetworkOptions network = network_at(o, o.first.front());
    if (!network.gamma || !network.alpha)
      diagnostics.error(where.at("lazy_limit"), "'lazy_limit' needs 'gamma' and 'alpha'");
    if (o.width) diagnostics.error(where.at("width"), "'width' plays no part in 'lazy_limit'");
  }
  if (!(o.noise > 0)) diagnostics.error(where.at("noise"), "without noise there is nothing to interpolate");
  if (o.horizon / o.step > static_cast<double>(kMostRows))
    diagnostics.error(where.at("horizon"), fmt::format("{:.0f} rows of a solve are more than {}: make 'step' longer",
                                                       o.horizon / o.step, kMostRows));
  if (diagnostics.messages().size() != before) return;
  for (const double x : o.first) {
    const mean_field::Problem problem = problem_at_value(o, x);
    const double rate = mean_field::stiff_rate(problem, problem.second_layer, 0);
    const double unit = unit_of(o.unit, problem.width),
                 limit = mean_field::largest_stable_step(problem, o.integrator, rate);
    if (o.step * unit >= limit)
      return diagnostics.error(where.at("step"), fmt::format("at {} = {:g} steps must stay below {:.4g} to be stable",
                                                             name, x, limit / unit));
  }
}

InterpolationThreshold::InterpolationThreshold(const InterpolationThresholdOptions& options,
                                               const StudyContext& context)
    : options_(options),
      rows_(static_cast<std::int64_t>(std::ceil(options.horizon / options.step - 1e-9)) + 1),
      search_(options.first) {
  if (!context.device.is_cpu())
    throw ConfigError("device: 'interpolation_threshold' computes on the CPU; set 'device: cpu'");
}

void InterpolationThreshold::begin(double x) {
  value_ = x;
  solver_ =
      std::make_unique<mean_field::SymmetricSolver>(problem_at_value(options_, x), options_.integrator, on_threads);
}

void InterpolationThreshold::end(std::optional<double> time) {
  search_.found(value_, time);
  solved_.emplace_back(value_, time.value_or(std::nan("")));
  solver_.reset();
}

void InterpolationThreshold::step(std::int64_t index) {
  const std::int64_t row = index % rows_;
  if (row == 0) {
    if (solved_.size() >= options_.first.size() && search_.points().size() < 2)
      throw TrainingError(fmt::format(
          "{} of the first values of '{}' interpolate the noise before {:g}, and a line needs two: choose others",
          search_.points().size(), name_of(options_.parameter), options_.horizon));
    begin(search_.next());
    curves_.push_back({solver_->problem().width, options_.noise, {}});
  }
  if (!solver_) return;  // it has interpolated before the horizon
  const Observables& seen = solver_->measure();
  curves_.back().points.push_back(seen);
  const double unit = unit_of(options_.unit, solver_->problem().width), noise = solver_->problem().noise;
  if (seen.train < kInterpolated * noise * noise)
    end(seen.t / unit);
  else if (row + 1 == rows_)
    end(std::nullopt);
  else
    solver_->advance(options_.step * unit);
}

Metrics InterpolationThreshold::evaluate() {
  Metrics metrics;
  for (std::size_t i = 0; i < std::min(solved_.size(), options_.first.size()); ++i)
    if (std::isfinite(solved_[i].second))
      metrics.emplace_back(fmt::format("relaxation_time@{:g}", solved_[i].first), solved_[i].second);
  double closest = 0, longest = 0;
  for (const auto& [x, time] : search_.points())
    if (time > longest) {
      longest = time;
      closest = x;
    }
  if (longest > 0) {
    metrics.emplace_back("longest_relaxation_time", longest);
    metrics.emplace_back("closest", closest);
  }
  if (const std::optional<double> threshold = search_.threshold()) metrics.emplace_back("threshold", *threshold);
  return metrics;
}

std::vector<plot::Figure> InterpolationThreshold::figures() {
  if (search_.points().size() < 2) return {};
  const std::string parameter = name_of(options_.parameter), time = axis_of(options_.unit);
  std::vector<std::pair<double, double>> points = search_.points();
  std::sort(points.begin(), points.end());
  plot::Figure times, roots;
  times.name = "relaxation_time";
  times.title = "Time to interpolation";
  times.x_label = roots.x_label = parameter;
  times.y_label = "t_rel, in " + time;
  times.y_log = true;
  times.caption = "The first time at which the train error is below 1e-7 of the noise's variance.";
  roots.name = "threshold";
  roots.title = fmt::format("Threshold of interpolation: {} = {:.4g}", parameter, *search_.threshold());
  roots.y_label = "t_rel^(−1/2)";
  roots.caption =
      "Times diverge as the distance to the threshold to the power −2: the line through the two longest ends there.";
  plot::Series measured{"solved", {}, {}, plot::SeriesStyle::points, 0}, inverse = measured;
  for (const auto& [x, t] : points) {
    measured.x.push_back(x);
    measured.y.push_back(t);
    inverse.x.push_back(x);
    inverse.y.push_back(1 / std::sqrt(t));
  }
  const double far =
      std::abs(points.front().first - *search_.threshold()) > std::abs(points.back().first - *search_.threshold())
          ? points.front().first
          : points.back().first;
  const auto [near, longest] =
      *std::max_element(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const double slope = 1 / std::sqrt(longest) / (near - *search_.threshold());
  plot::Series line{"to the threshold",
                    {far, *search_.threshold()},
                    {slope * (far - *search_.threshold()), 0},
                    plot::SeriesStyle::dashed,
                    1};
  times.series.push_back(std::move(measured));
  roots.series = {std::move(inverse), std::move(line)};

  plot::Figure errors;
  errors.name = "train_errors";
  errors.title = "Train error on the way to the threshold";
  errors.x_label = time;
  errors.y_label = "train error";
  errors.y_log = true;
  for (std::size_t i = 0; i < solved_.size(); ++i) {
    plot::Series series{fmt::format("{} = {:.4g}", parameter, solved_[i].first), {}, {}};
    const std::size_t stride = std::max<std::size_t>(1, curves_[i].points.size() / 300);
    for (std::size_t k = 0; k < curves_[i].points.size(); k += stride) {
      series.x.push_back(curves_[i].points[k].t / unit_of(options_.unit, curves_[i].width));
      series.y.push_back(curves_[i].points[k].train);
    }
    errors.series.push_back(std::move(series));
  }
  errors.caption =
      "Where noise is interpolated the train error falls exponentially, the more slowly the nearer the threshold is.";
  return {std::move(times), std::move(roots), std::move(errors)};
}

checkpoint::State InterpolationThreshold::state() const {
  checkpoint::State state;
  std::vector<double> solved;
  for (const auto& [x, time] : solved_) solved.insert(solved.end(), {x, time});
  state.add("solved", tensor_of(solved));
  for (std::size_t i = 0; i < curves_.size(); ++i)
    state.add(fmt::format("curve{}", i), tensor_of_points(curves_[i].points));
  if (solver_) state.add("solver", state_of(solver_->state()));
  state.values["curves"] = curves_.size();
  state.values["solving"] = solver_ != nullptr;
  return state;
}

void InterpolationThreshold::load(const checkpoint::State& state, std::int64_t) {
  const std::vector<double> solved = numbers_of(state.require("solved"));
  for (std::size_t i = 0; i + 1 < solved.size(); i += 2) {
    value_ = solved[i];
    end(std::isfinite(solved[i + 1]) ? std::optional(solved[i + 1]) : std::nullopt);
  }
  const double width = problem_at_value(options_, options_.first.front()).width;
  for (std::size_t i = 0; i < state.values.at("curves").get<std::size_t>(); ++i)
    curves_.push_back({width, options_.noise, points_of_tensor(state.require(fmt::format("curve{}", i)))});
  if (!state.values.at("solving").get<bool>()) return;
  begin(search_.next());
  load_state(state.part("solver"), solver_->state());
  solver_->observables() = curves_.back().points;
}

}  // namespace talweg::tasks
