#pragma once

#include <cmath>
#include <cstdint>

#include "core/config/converter.h"

namespace talweg::config {

/// A number of steps, or a share of a whole that is known later: "500" or "5%".
struct CountOrShare {
  std::int64_t count = 0;
  std::optional<double> percent;  ///< of the whole, in [0, 100]; replaces the count

  /// The number, of `total` in all; at most total for a share.
  std::int64_t of(std::int64_t total) const {
    return percent ? static_cast<std::int64_t>(std::llround(*percent / 100 * static_cast<double>(total))) : count;
  }
  bool operator==(const CountOrShare&) const = default;
};

template <>
struct Converter<CountOrShare> {
  static std::string type() { return "integer or share (5%)"; }
  static bool parse(const Value& value, CountOrShare& target, Diagnostics& diagnostics, const std::string& name) {
    CountOrShare read;
    if (value.is_scalar() && value.text.ends_with('%')) {
      double percent = -1;
      if (read_scalar(Value::scalar(value.text.substr(0, value.text.size() - 1)), percent) && percent >= 0 &&
          percent <= 100) {
        read.percent = percent;
        target = read;
        return true;
      }
    } else if (value.is_scalar() && read_scalar(value, read.count) && read.count >= 0) {
      target = read;
      return true;
    }
    diagnostics.error(value.where,
                      fmt::format("'{}' takes a number of steps from 0 on, or a share of the run from 0% to "
                                  "100%, found {}",
                                  name, value.describe()));
    return false;
  }
  static Value dump(const CountOrShare& value) {
    return Value::scalar(value.percent ? number_text(*value.percent) + "%" : std::to_string(value.count));
  }
  static nlohmann::json schema() {
    return {{"type", {"integer", "string"}}, {"minimum", 0}, {"pattern", "^[0-9.]+([eE][-+]?[0-9]+)?%$"}};
  }
};

}  // namespace talweg::config
