#include "core/claims/expectation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace talweg {
namespace {

/// "0.01" or "3%" (of `value`); nothing when it is neither.
std::optional<double> absolute_tolerance(const std::string& text, double value) {
  const bool percent = text.ends_with('%');
  const std::string number = percent ? text.substr(0, text.size() - 1) : text;
  double result = 0;
  const auto [end, status] = std::from_chars(number.data(), number.data() + number.size(), result);
  if (status != std::errc() || end != number.data() + number.size() || !(result >= 0)) return std::nullopt;
  return percent ? result / 100 * std::abs(value) : result;
}

/// The quotient of value and rate that comes closest to breaking the claim, or breaks it most.
std::optional<double> worst_quotient(const Expectation& e, const std::vector<metrics::Record>& records) {
  const Rate& rate = e.below ? *e.below : *e.above;
  std::optional<double> worst;
  for (const metrics::Record& record : records) {
    if (!rate.covers(record.step)) continue;
    for (const auto& [name, value] : record.values) {
      if (name != e.metric) continue;
      const double quotient = (value - rate.offset) / rate.at(static_cast<double>(record.step));
      if (std::isnan(quotient)) return quotient;
      worst = !worst ? quotient : e.below ? std::max(*worst, quotient) : std::min(*worst, quotient);
    }
  }
  return worst;
}

std::optional<double> measured(const Expectation& e, const std::vector<metrics::Record>& records) {
  if (e.below || e.above) return worst_quotient(e, records);
  return e.at.value_of(e.metric, records);
}

/// At least six significant digits, and as many as make differences of `resolution` visible.
std::string with_digits(double x, double resolution) {
  int digits = 6;
  if (resolution > 0 && x != 0 && std::isfinite(x))
    digits = std::clamp(static_cast<int>(std::ceil(std::log10(std::abs(x) / resolution))) + 1, 6, 17);
  return fmt::format("{:.{}g}", x, digits);
}

/// The smallest distance to a bound that decides.
double resolution_of(const Expectation& e, double got) {
  if (e.value) return absolute_tolerance(e.tolerance, *e.value).value_or(0);
  double resolution = INFINITY;
  for (const std::optional<double>& bound : {e.at_least, e.at_most})
    if (bound && got != *bound) resolution = std::min(resolution, std::abs(got - *bound));
  return std::isfinite(resolution) ? resolution : 0;
}

Verdict compare(const Expectation& e, std::optional<double> got) {
  const double resolution = resolution_of(e, got.value_or(0));
  Verdict verdict{e, "", got, got ? with_digits(*got, resolution) : "not measured", got.has_value()};
  const auto add = [&](const std::string& text, bool holds) {
    verdict.expected += (verdict.expected.empty() ? "" : ", ") + text;
    verdict.met = verdict.met && holds;
  };
  const double x = got.value_or(std::nan(""));
  if (e.value)
    add(fmt::format("{} ± {}", with_digits(*e.value, resolution), e.tolerance),
        std::abs(x - *e.value) <= absolute_tolerance(e.tolerance, *e.value).value_or(0));
  if (e.at_least) add(fmt::format("≥ {}", with_digits(*e.at_least, resolution)), x >= *e.at_least);
  if (e.below) add(fmt::format("≤ 1 × ({})", e.below->formula()), x <= 1);
  if (e.above) add(fmt::format("≥ 1 × ({})", e.above->formula()), x >= 1);
  if (e.at_most) add(fmt::format("≤ {}", with_digits(*e.at_most, resolution)), x <= *e.at_most);
  return verdict;
}

}  // namespace

void declare(config::Fields& f, Expectation& o) {
  f("claim", o.claim, "the statement in words");
  f("metric", o.metric, "name of a recorded metric, for example eval/accuracy", config::required());
  f("at", o.at, "which value: end, min, max, mean, a step, or {mean: [401, 500]} of a range of steps (so min and max)");
  f("value", o.value, "the expected value");
  f("tolerance", o.tolerance, "allowed distance from 'value': a number, or per cent of it ('3%')");
  f("at_least", o.at_least, "smallest value that meets the expectation");
  f("at_most", o.at_most, "largest value that meets the expectation");
  f("below", o.below, "a rate that the metric stays below at every recorded step");
  f("above", o.above, "a rate that the metric stays above at every recorded step");
  f("turns", o.turns, "a wrong change of the configuration with which the claim fails: 'reproduce --turns' tries it");
  f("source", o.source, "where the number comes from");
}

void validate(const Expectation& o, const config::Value& where, config::Diagnostics& diagnostics) {
  const auto at = [&](const char* key) { return where.at(key); };
  const bool number = o.value || o.at_least || o.at_most;
  if (number + o.below.has_value() + o.above.has_value() != 1)
    diagnostics.error(where.where,
                      "an expectation needs one of: a number ('value', 'at_least', 'at_most'), 'below' or 'above'");
  if (!absolute_tolerance(o.tolerance, 1))
    diagnostics.error(at("tolerance"),
                      fmt::format("'tolerance' takes a number or per cent ('3%'), found '{}'", o.tolerance));
}

Verdict judge(const Expectation& expectation, const std::vector<metrics::Record>& records) {
  return compare(expectation, measured(expectation, records));
}

Verdict judge_median(const Expectation& expectation, const std::vector<std::vector<metrics::Record>>& runs) {
  std::vector<double> values;
  for (const auto& records : runs)
    if (const auto value = measured(expectation, records)) values.push_back(*value);
  if (values.empty() || values.size() != runs.size()) return compare(expectation, std::nullopt);
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return compare(expectation, values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2);
}

}  // namespace talweg
