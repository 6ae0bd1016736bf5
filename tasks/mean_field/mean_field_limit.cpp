#include "tasks/mean_field/mean_field_limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace talweg::tasks {

void declare(config::Fields& f, MeanFieldLimitOptions& o) {
  declare(f, static_cast<NetworkOptions&>(o));
  f("limit", o.limit, "which limit, and at which scale of time");
  f("from", o.from, "first time of the curves after 0, in the limit's own unit", config::above(0));
  f("until", o.until, "last time", config::above(0));
  f("points", o.points, "times between them, spaced logarithmically", config::at_least(2), config::at_most(100'000));
  f("report", o.report, "times at which numbers are reported", config::at_least(0));
}

void validate(const MeanFieldLimitOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  const std::size_t before = diagnostics.messages().size();
  validate(static_cast<const NetworkOptions&>(o), where, diagnostics);
  if (o.from >= o.until) diagnostics.error(where.at("from"), "'from' is not before 'until'");
  check_report(o.report, o.until, where, diagnostics);
  if (diagnostics.messages().size() != before) return;
  try {
    o.limit.create(o);
  } catch (const ConfigError& error) {
    diagnostics.error(where.at("limit"), error.what());
  }
}

MeanFieldLimit::MeanFieldLimit(const MeanFieldLimitOptions& options, const StudyContext&)
    : options_(options), curve_(options.limit.create(options)), times_(options.report) {
  times_.push_back(0);
  for (std::int64_t i = 0; i < options.points; ++i)
    times_.push_back(options.from * std::pow(options.until / options.from,
                                             static_cast<double>(i) / static_cast<double>(options.points - 1)));
  std::sort(times_.begin(), times_.end());
  times_.erase(std::unique(times_.begin(), times_.end()), times_.end());
}

void MeanFieldLimit::step(std::int64_t index) {
  values_.push_back(curve_->at(times_[static_cast<std::size_t>(index)]));
}

Metrics MeanFieldLimit::evaluate() {
  Metrics metrics;
  if (values_.empty()) return metrics;
  const std::vector<LimitCurve::Quantity> quantities = curve_->quantities();
  for (const auto& [name, value] : curve_->constants()) metrics.emplace_back(name, value);
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (std::find(options_.report.begin(), options_.report.end(), times_[i]) == options_.report.end()) continue;
    for (std::size_t q = 0; q < quantities.size(); ++q)
      metrics.emplace_back(fmt::format("{}@{:g}", quantities[q].name, times_[i]), values_[i][q]);
  }
  for (std::size_t q = 0; q < quantities.size(); ++q) metrics.emplace_back(quantities[q].name, values_.back()[q]);
  return metrics;
}

std::vector<plot::Figure> MeanFieldLimit::figures() {
  if (values_.size() < 3) return {};
  std::vector<plot::Figure> figures;
  const std::vector<LimitCurve::Quantity> quantities = curve_->quantities();
  for (std::size_t q = 0; q < quantities.size(); ++q) {
    plot::Figure figure;
    figure.name = quantities[q].name;
    figure.title = quantities[q].label;
    figure.x_label = axis_of(curve_->unit());
    figure.y_label = quantities[q].label;
    figure.x_log = true;
    plot::Series series{quantities[q].label, {}, {}};
    for (std::size_t i = 0; i < values_.size(); ++i) {
      series.x.push_back(times_[i]);
      series.y.push_back(values_[i][q]);
    }
    figure.series.push_back(std::move(series));
    figure.caption = "The limit of many neurons at this scale of time.";
    figures.push_back(std::move(figure));
  }
  return figures;
}

checkpoint::State MeanFieldLimit::state() const {
  return {};
}

/// The curves are made anew: seconds at most, and what they are made of need not be kept.
void MeanFieldLimit::load(const checkpoint::State&, std::int64_t steps) {
  values_.clear();
  curve_ = options_.limit.create(options_);
  for (std::int64_t index = 0; index < steps; ++index) step(index);
}

}  // namespace talweg::tasks
