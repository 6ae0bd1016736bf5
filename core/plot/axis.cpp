#include "core/plot/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace talweg::plot {
namespace {

double nice_step(double length, int tics) {
  const double rough = length / tics;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough * 0.999) return factor * power;
  return 10 * power;
}

std::string typographic_minus(std::string text) {
  for (size_t at = 0; (at = text.find('-', at)) != std::string::npos; at += 3) text.replace(at, 1, "−");
  return text;
}

}  // namespace

std::string tic_label(double value, double step) {
  const double size = std::abs(value);
  if (size < step * 1e-6) return "0";
  std::string text;
  if (size >= 1e13 || size < 1e-4) {
    text = fmt::format("{:.{}e}", value, std::clamp(static_cast<int>(std::ceil(std::log10(size / step) - 1e-9)), 0, 6));
    // 1.50e-06 → 1.5e-6
    const size_t exponent = text.find('e');
    std::string mantissa = text.substr(0, exponent);
    if (mantissa.find('.') != std::string::npos) {
      mantissa.erase(mantissa.find_last_not_of('0') + 1);
      if (mantissa.back() == '.') mantissa.pop_back();
    }
    return typographic_minus(fmt::format("{}e{}", mantissa, std::stoi(text.substr(exponent + 1))));
  }
  const char* unit = "";
  double scale = 1;
  for (const auto& [name, factor] : {std::pair{"G", 1e9}, {"M", 1e6}, {"k", 1e3}}) {
    if (size >= factor * 10 || (size >= factor && step >= factor / 10)) {
      unit = name;
      scale = factor;
      break;
    }
  }
  const int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(step / scale) - 1e-9)), 0, 9);
  text = fmt::format("{:.{}f}", value / scale, decimals);
  return typographic_minus(text + unit);
}

Axis linear_axis(double low, double high) {
  if (!std::isfinite(low) || !std::isfinite(high)) low = 0, high = 1;
  if (low > high) std::swap(low, high);
  if (high - low <= 1e-12 * std::max(std::abs(low), std::abs(high))) {
    const double room = low == 0 ? 1 : 0.1 * std::abs(low);
    low -= room;
    high += room;
  }
  Axis axis{low, high, {}};
  const double step = nice_step(high - low, 6);
  const double first = std::ceil(low / step - 1e-9);
  for (double k = first; k * step <= high + 1e-9 * step && axis.tics.size() < 20; ++k)
    axis.tics.emplace_back(k * step + 0.0, tic_label(k * step, step));
  return axis;
}

Axis log_axis(double low, double high) {
  if (!(low > 0) || !std::isfinite(high) || !(high > 0)) low = 0.1, high = 1;
  if (low > high) std::swap(low, high);
  double bottom = std::log10(low), top = std::log10(high);
  const double room = std::max(0.04 * (top - bottom), top - bottom < 0.05 ? 0.05 : 0.0);
  bottom -= room;
  top += room;
  Axis axis{std::pow(10, bottom), std::pow(10, top), {}};
  const double decades = top - bottom;
  if (decades < 0.7) {
    // Less than a factor of five: the tics of a linear axis serve better.
    axis.tics = linear_axis(axis.low, axis.high).tics;
    return axis;
  }
  const int stride = std::max(1, static_cast<int>(std::ceil(decades / 7)));
  for (int k = static_cast<int>(std::floor(bottom)); k <= top; ++k) {
    if (decades >= 3 && k % stride != 0) continue;
    for (int factor : {1, 2, 5}) {
      const double value = factor * std::pow(10, k);
      if (decades >= 3 && factor != 1) break;
      if (value >= axis.low && value <= axis.high) axis.tics.emplace_back(value, tic_label(value, std::pow(10, k)));
    }
  }
  return axis;
}

Axis with_room(Axis axis, double share) {
  const double room = share * (axis.high - axis.low);
  axis.low = axis.low >= 0 ? std::max(0.0, axis.low - room) : axis.low - room;
  axis.high += room;
  return axis;
}

}  // namespace talweg::plot
