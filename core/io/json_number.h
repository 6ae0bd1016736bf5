#pragma once

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

namespace talweg::io {

/// A number in JSON, which has no words for those that are not finite: "nan", "inf" and "-inf" stand for them, in every
/// file that the program writes.
inline nlohmann::json json_number(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

/// The number that stands there, by the rule of json_number(). Nothing for any other value.
template <class Json>
std::optional<double> number_in(const Json& value) {
  if (value.is_number()) return value.template get<double>();
  if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (value == "inf") return std::numeric_limits<double>::infinity();
  if (value == "-inf") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

}  // namespace talweg::io
