#include "core/claims/moment.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace talweg {
namespace {

constexpr std::pair<const char*, Moment::Kind> kOfRange[] = {
    {"mean", Moment::Kind::mean}, {"min", Moment::Kind::least}, {"max", Moment::Kind::greatest}};

const char* name_of(Moment::Kind kind) {
  for (const auto& [name, of] : kOfRange)
    if (of == kind) return name;
  return "end";
}

bool has_range(const Moment& moment) {
  return moment.from > 0 || moment.to;
}

}  // namespace

std::string Moment::text() const {
  if (kind == Kind::step) return fmt::format("{}", from);
  if (!has_range(*this)) return name_of(kind);
  return fmt::format("{} of {} to {}", name_of(kind), from, to ? fmt::format("{}", *to) : "the end");
}

std::optional<double> Moment::value_of(const std::string& metric, const std::vector<metrics::Record>& records) const {
  std::optional<double> result;
  double sum = 0;
  std::int64_t count = 0;
  for (const metrics::Record& record : records) {
    if (record.step < from || (to && record.step > *to) || (kind == Kind::step && record.step != from)) continue;
    for (const auto& [name, value] : record.values) {
      if (name != metric) continue;
      sum += value;
      ++count;
      const bool replaces = !result || kind == Kind::end || kind == Kind::step || std::isnan(value) ||
                            (kind == Kind::least ? value < *result : value > *result);
      if (replaces) result = value;
    }
  }
  return kind == Kind::mean && count > 0 ? std::optional(sum / static_cast<double>(count)) : result;
}

namespace config {

bool Converter<Moment>::parse(const Value& value, Moment& target, Diagnostics& diagnostics, const std::string& name) {
  Moment read;
  if (value.is_scalar()) {
    for (const auto& [word, kind] : kOfRange) {
      if (value.text != word) continue;
      target = {kind, 0, std::nullopt};
      return true;
    }
    if (value.text == "end") {
      target = {};
      return true;
    }
    if (read_scalar(value, read.from) && read.from >= 0) {
      target = {Moment::Kind::step, read.from, std::nullopt};
      return true;
    }
  } else if (value.is_mapping() && value.members.size() == 1) {
    const Value& range = value.members.front().value;
    for (const auto& [word, kind] : kOfRange) {
      std::int64_t last = 0;
      if (value.members.front().key != word || !range.is_sequence() || range.items.size() != 2) continue;
      if (read_scalar(range.items[0], read.from) && read_scalar(range.items[1], last) && read.from >= 0 &&
          read.from <= last) {
        target = {kind, read.from, last};
        return true;
      }
    }
  }
  diagnostics.error(value.where,
                    fmt::format("'{}' takes end, min, max, mean, a step, or {{mean: [FROM, TO]}} (so min and "
                                "max) with steps FROM ≤ TO, found {}",
                                name, value.describe()));
  return false;
}

Value Converter<Moment>::dump(const Moment& value) {
  if (value.kind == Moment::Kind::step || !has_range(value)) return Value::scalar(value.text());
  Value range = Value::sequence(), result = Value::mapping();
  range.items = {Value::scalar(std::to_string(value.from)),
                 Value::scalar(std::to_string(value.to.value_or(value.from)))};
  result.set(name_of(value.kind), std::move(range));
  return result;
}

nlohmann::json Converter<Moment>::schema() {
  nlohmann::json ranges = nlohmann::json::object();
  for (const auto& [word, kind] : kOfRange)
    ranges[word] = {
        {"type", "array"}, {"items", {{"type", "integer"}, {"minimum", 0}}}, {"minItems", 2}, {"maxItems", 2}};
  return {{"anyOf",
           {{{"enum", {"end", "min", "max", "mean"}}},
            {{"type", "integer"}, {"minimum", 0}},
            {{"type", "object"},
             {"properties", ranges},
             {"additionalProperties", false},
             {"minProperties", 1},
             {"maxProperties", 1}}}}};
}

}  // namespace config
}  // namespace talweg
