#include "core/config/sweep.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/config/compose.h"
#include "core/config/diagnostics.h"
#include "core/config/yaml.h"
#include "core/error.h"

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

}  // namespace

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

  using Choices = std::vector<std::pair<std::string, Value>>;
  std::vector<Choices> points(1);
  constexpr std::size_t most = 10'000;
  for (const Member& axis : sweep->members) {
    if (!axis.value.is_sequence() || axis.value.items.empty())
      fail(axis.value.where,
           fmt::format("the values of '{}' in a sweep are a list, found {}", axis.key, axis.value.describe()));
    if (points.size() * axis.value.items.size() > most)
      fail(axis.where, fmt::format("the sweep has more than {} points", most));
    std::vector<Choices> expanded;
    for (const Choices& point : points)
      for (const Value& value : axis.value.items) {
        expanded.push_back(point);
        expanded.back().emplace_back(axis.key, value);
      }
    points = std::move(expanded);
  }
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
