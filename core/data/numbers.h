#pragma once

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>

namespace talweg::data {

/// Whether the whole text is a finite number of type T, which is stored; a sign may lead. What is too small for T is 0
/// (3.2e-51 as float32), what is too large is no finite number.
template <class T>
bool read_finite(std::string_view text, T& value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return false;
  if (status == std::errc::result_out_of_range) {
    if (!(std::abs(std::strtod(std::string(text).c_str(), nullptr)) < 1)) return false;
    value = 0;
    return true;
  }
  return status == std::errc() && std::isfinite(value);
}

}  // namespace talweg::data
