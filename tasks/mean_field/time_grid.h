#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/fields.h"

namespace talweg::tasks {

/// A power of the width m that a time is measured in.
enum class TimeUnit { one, width, root_width, inverse_width };
inline std::vector<std::pair<std::string, TimeUnit>> choices(TimeUnit) {
  return {{"one", TimeUnit::one},
          {"width", TimeUnit::width},
          {"root_width", TimeUnit::root_width},
          {"inverse_width", TimeUnit::inverse_width}};
}
/// 1, m, √m or 1/m.
double unit_of(TimeUnit unit, double width);
/// The label of an axis of times in this unit: "t / m".
std::string axis_of(TimeUnit unit);

/// From `from` on, steps of this length.
struct StepFrom {
  double from = 0;
  double step = 0.1;
};
void declare(config::Fields& f, StepFrom& o);

/// The times at which the equations are solved: steps of one length, growing ones, or a schedule (of learning rates).
struct TimeGridOptions {
  double until = 20;
  TimeUnit unit = TimeUnit::one;
  double step = 0.1;
  TimeUnit step_unit = TimeUnit::one;
  double growth = 1;
  std::optional<double> largest;
  std::vector<StepFrom> schedule;
};
void declare(config::Fields& f, TimeGridOptions& o);
void validate(const TimeGridOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Refuses reported times that are never reached: they would be left out without a word.
void check_report(const std::vector<double>& report, double until, const config::Value& where,
                  config::Diagnostics& diagnostics);

/// The steps from t = 0 to `until` at width m; the last is cut to end there. Throws ConfigError for more than 10⁷.
std::vector<double> steps_of(const TimeGridOptions& o, double width);

}  // namespace talweg::tasks
