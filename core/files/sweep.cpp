#include "core/files/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "core/config/converter.h"
#include "core/config/diagnostics.h"
#include "core/error.h"
#include "core/files/compose.h"
#include "core/files/yaml.h"

namespace talweg::config {
namespace {

std::string one_line(const Value& value) {
  if (value.is_scalar()) return value.text;
  if (const Value* type = value.find("type")) return type->text;
  std::string text = to_yaml(value);
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

constexpr std::size_t kMostPoints = 10'000;

/// Words of a sweep that are no axes.
bool is_axis(const Member& member) {
  return member.key != "draw" && member.key != "halving";
}

using Choices = std::vector<std::pair<std::string, Value>>;

enum class Scale { linear, log };
std::vector<std::pair<std::string, Scale>> choices(Scale) {
  return {{"linear", Scale::linear}, {"log", Scale::log}};
}

/// A range that values are drawn from; whole numbers where both ends are written as such.
struct Range {
  double from = 0, to = 0;
  Scale scale = Scale::linear;
};
void declare(Fields& f, Range& o) {
  f("from", o.from, "smallest value", required());
  f("to", o.to, "largest value", required());
  f("scale", o.scale, "drawn evenly, or evenly in its logarithm");
}
void validate(const Range& o, const Value& where, Diagnostics& diagnostics) {
  if (!(o.from < o.to)) diagnostics.error(where.where, "'from' must be below 'to'");
  if (o.scale == Scale::log && !(o.from > 0)) diagnostics.error(where.where, "a range with 'scale: log' is above 0");
}

bool is_whole(const Value& number) {
  return number.text.find_first_not_of("-0123456789") == std::string::npos;
}

/// A value of the range at `share` in [0, 1) of it, to four digits.
Value value_at(const Value& range, double share) {
  const Range r = parse<Range>(range);
  const bool whole = is_whole(*range.find("from")) && is_whole(*range.find("to"));
  const double to = whole ? r.to + 1 : r.to;
  const double value = r.scale == Scale::log ? r.from * std::pow(to / r.from, share) : r.from + share * (to - r.from);
  return Value::scalar(
      whole ? std::to_string(static_cast<std::int64_t>(std::floor(value))) : fmt::format("{:.4g}", value), range.where);
}

/// A number in [0, 1) for one value of one point, the same on every machine.
double share_of(const std::string& seed, const std::string& key, std::size_t point) {
  std::seed_seq sequence(seed.begin(), seed.end());
  std::vector<std::uint32_t> words(key.begin(), key.end());
  words.push_back(static_cast<std::uint32_t>(point));
  std::vector<std::uint32_t> of_seed(2);
  sequence.generate(of_seed.begin(), of_seed.end());
  words.insert(words.end(), of_seed.begin(), of_seed.end());
  std::seed_seq all(words.begin(), words.end());
  std::mt19937_64 generator(all);
  return static_cast<double>(generator() >> 11) * 0x1p-53;
}

std::vector<Choices> drawn_points(const Value& sweep, std::int64_t count, const std::string& seed) {
  std::vector<Choices> points(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < points.size(); ++i)
    for (const Member& axis : sweep.members) {
      if (!is_axis(axis)) continue;
      const double share = share_of(seed, axis.key, i);
      if (axis.value.is_mapping()) {
        points[i].emplace_back(axis.key, value_at(axis.value, share));
      } else if (axis.value.is_sequence() && !axis.value.items.empty()) {
        const auto place = static_cast<std::size_t>(share * static_cast<double>(axis.value.items.size()));
        points[i].emplace_back(axis.key, axis.value.items[place]);
      } else {
        fail(axis.value.where, fmt::format("the values of '{}' in a sweep that draws are a list or a range "
                                           "'{{from: 1e-4, to: 1e-1, scale: log}}', found {}",
                                           axis.key, axis.value.describe()));
      }
    }
  return points;
}

std::vector<Choices> grid_points(const Value& sweep) {
  std::vector<Choices> points(1);
  for (const Member& axis : sweep.members) {
    if (!is_axis(axis)) continue;
    if (axis.value.is_mapping())
      fail(axis.value.where, fmt::format("'{}' is a range, from which values are drawn: say how many points with "
                                         "'draw: 20' in the sweep, or list the values",
                                         axis.key));
    if (!axis.value.is_sequence() || axis.value.items.empty())
      fail(axis.value.where,
           fmt::format("the values of '{}' in a sweep are a list, found {}", axis.key, axis.value.describe()));
    if (points.size() * axis.value.items.size() > kMostPoints)
      fail(axis.where, fmt::format("the sweep has more than {} points", kMostPoints));
    std::vector<Choices> expanded;
    for (const Choices& point : points)
      for (const Value& value : axis.value.items) {
        expanded.push_back(point);
        expanded.back().emplace_back(axis.key, value);
      }
    points = std::move(expanded);
  }
  return points;
}

/// The number behind `draw:`; nothing where the sweep is a grid.
std::optional<std::int64_t> draws_of(const Value& sweep) {
  const Value* draw = sweep.find("draw");
  if (!draw) return std::nullopt;
  std::int64_t count = 0;
  if (!draw->is_scalar() || !read_scalar(*draw, count) || count < 1 || count > static_cast<std::int64_t>(kMostPoints))
    fail(draw->where,
         fmt::format("'draw' takes a number of points from 1 to {}, found {}", kMostPoints, draw->describe()));
  return count;
}

}  // namespace

void declare(Fields& f, HalvingOptions& o) {
  f("steps", o.steps, "steps that every point is run for at first", required(), at_least(1));
  f("factor", o.factor, "one in so many points goes on, for so many times the steps", at_least(2));
}

std::optional<HalvingOptions> halving_of(const Value& root) {
  const Value* sweep = root.find("sweep");
  const Value* halving = sweep && sweep->is_mapping() ? sweep->find("halving") : nullptr;
  if (!halving) return std::nullopt;
  if (!halving->is_mapping()) fail(halving->where, "'halving' is a section, for example 'halving: {steps: 100}'");
  return parse<HalvingOptions>(*halving);
}

std::string SweepPoint::label() const {
  std::string label;
  for (const auto& [key, value] : assignments) {
    const std::string last = key.substr(key.rfind('.') == std::string::npos ? 0 : key.rfind('.') + 1);
    label += fmt::format("{}{}={}", label.empty() ? "" : ",", last, value);
  }
  std::replace_if(
      label.begin(), label.end(),
      [](unsigned char c) { return !(std::isalnum(c) || c == '.' || c == '_' || c == '-' || c == '=' || c == ','); },
      '_');
  constexpr std::size_t longest = 100;
  if (label.size() > longest) label.resize(longest);
  return label;
}

std::vector<SweepPoint> expand_sweep(const Value& root) {
  const Value* sweep = root.find("sweep");
  if (!sweep) return {{root, {}}};
  if (!sweep->is_mapping() || sweep->members.empty())
    fail(sweep->where, "'sweep' maps keys to lists of values, for example 'optimizer.learning_rate: [0.1, 0.01]'");

  if (std::none_of(sweep->members.begin(), sweep->members.end(), is_axis))
    fail(sweep->where, "'sweep' names nothing that differs, for example 'optimizer.learning_rate: [0.1, 0.01]'");
  const Value* seed = root.find("seed");
  const std::optional<std::int64_t> draws = draws_of(*sweep);
  std::vector<Choices> points = draws ? drawn_points(*sweep, *draws, seed ? seed->text : "0") : grid_points(*sweep);
  std::vector<SweepPoint> grid;
  for (Choices& choices : points) {
    SweepPoint point{root, {}};
    point.config.erase("sweep");
    for (const auto& [key, value] : choices) point.assignments.emplace_back(key, one_line(value));
    assign(point.config, std::move(choices));
    grid.push_back(std::move(point));
  }
  return grid;
}

}  // namespace talweg::config
