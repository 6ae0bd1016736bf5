#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/config/converter.h"
#include "core/metrics/record.h"

namespace talweg {

/// Which value of a recorded metric a claim is about: the last one, the one at a step, or the least, the greatest or
/// the mean of those recorded in a range of steps, ends included.
struct Moment {
  enum class Kind { end, step, least, greatest, mean };
  Kind kind = Kind::end;
  std::int64_t from = 0;           ///< first step; of Kind::step the step itself
  std::optional<std::int64_t> to;  ///< last step; nothing: to the end

  /// As a configuration says it: "end", "min", "1000", "mean of 401 to 500".
  std::string text() const;
  /// Nothing where the metric was not recorded then.
  std::optional<double> value_of(const std::string& metric, const std::vector<metrics::Record>& records) const;
};

namespace config {

template <>
struct Converter<Moment> {
  static std::string type() { return "end, min, max, a step, or {mean|min|max: [FROM, TO]}"; }
  static bool parse(const Value& value, Moment& target, Diagnostics& diagnostics, const std::string& name);
  static Value dump(const Moment& value);
  static nlohmann::json schema();
};

}  // namespace config
}  // namespace talweg
