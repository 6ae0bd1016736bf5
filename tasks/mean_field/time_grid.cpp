#include "tasks/mean_field/time_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace talweg::tasks {
namespace {

constexpr std::size_t kMostSteps = 10'000'000;

}  // namespace

double unit_of(TimeUnit unit, double width) {
  switch (unit) {
    case TimeUnit::one:
      return 1;
    case TimeUnit::width:
      return width;
    case TimeUnit::root_width:
      return std::sqrt(width);
    case TimeUnit::inverse_width:
      return 1 / width;
  }
  return 1;
}

std::string axis_of(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::one:
      return "t";
    case TimeUnit::width:
      return "t / m";
    case TimeUnit::root_width:
      return "t / √m";
    case TimeUnit::inverse_width:
      return "t · m";
  }
  return "t";
}

void declare(config::Fields& f, StepFrom& o) {
  f("from", o.from, "time, in 'unit', from which on this step is taken", config::at_least(0));
  f("step", o.step, "its length, in 'step_unit'", config::above(0));
}

void declare(config::Fields& f, TimeGridOptions& o) {
  f("until", o.until, "last time, in 'unit'", config::above(0));
  f("unit", o.unit, "power of m that 'until', reported times and the axis of pictures are measured in");
  f("step", o.step, "eta: (first) step, in 'step_unit'", config::above(0));
  f("step_unit", o.step_unit, "power of m that steps are measured in");
  f("growth", o.growth, "factor from one step to the next", config::at_least(1), config::at_most(2));
  f("largest", o.largest, "steps do not grow beyond this, in 'step_unit'", config::above(0));
  f("schedule", o.schedule, "steps by time, in place of 'step' and 'growth': a schedule of learning rates");
}

void validate(const TimeGridOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.growth > 1 && !o.largest)
    diagnostics.error(where.at("growth"), "growing steps need 'largest': stability bounds them");
  if (!o.schedule.empty() && (where.find("step") || o.growth > 1))
    diagnostics.error(where.at("schedule"), "'schedule' takes the place of 'step' and 'growth'");
  for (std::size_t i = 0; i < o.schedule.size(); ++i)
    if (o.schedule[i].from < (i == 0 ? 0 : o.schedule[i - 1].from) || (i == 0 && o.schedule[i].from > 0))
      diagnostics.error(where.at("schedule"), "'schedule' begins at 'from: 0' and goes on in order of time");
}

void check_report(const std::vector<double>& report, double until, const config::Value& where,
                  config::Diagnostics& diagnostics) {
  for (const double time : report)
    if (time > until * (1 + 1e-9))
      diagnostics.error(where.at("report"), fmt::format("{:g} is beyond 'until', {:g}", time, until));
}

std::vector<double> steps_of(const TimeGridOptions& o, double width) {
  const double end = o.until * unit_of(o.unit, width), unit = unit_of(o.step_unit, width);
  std::vector<double> steps;
  double t = 0, step = o.step * unit;
  const double largest = o.largest ? *o.largest * unit : step;
  while (end - t > 1e-9 * end) {
    for (const StepFrom& part : o.schedule)
      if (t >= part.from * unit_of(o.unit, width) * (1 - 1e-12)) step = part.step * unit;
    // A remainder that is a rounding error is no step of its own.
    const double next = end - t < step * (1 + 1e-6) ? end - t : step;
    steps.push_back(next);
    t += next;
    if (o.schedule.empty()) step = std::min(step * o.growth, std::max(step, largest));
    if (steps.size() > kMostSteps)
      throw ConfigError(fmt::format("a grid of more than {} steps: make 'step' longer or 'until' shorter", kMostSteps));
  }
  return steps;
}

}  // namespace talweg::tasks
