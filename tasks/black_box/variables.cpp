#include "tasks/black_box/variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "core/error.h"
#include "core/io/closest_word.h"
#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

using Scale = VariableScale;

const std::vector<std::pair<std::string, Scale>>& scale_words() {
  static const std::vector<std::pair<std::string, Scale>> words = {
      {"linear", Scale::linear}, {"log", Scale::log}, {"integer", Scale::integer}};
  return words;
}

bool read_number(const std::string& text, double& number) {
  return config::read_scalar(config::Value::scalar(text), number) && std::isfinite(number);
}

/// "a..b" with finite a < b.
bool read_range(const std::string& text, double& lower, double& upper) {
  const std::size_t dots = text.find("..");
  return dots != std::string::npos && read_number(text.substr(0, dots), lower) &&
         read_number(text.substr(dots + 2), upper) && lower < upper;
}

/// "[log|linear|integer] a..b [from x]". Returns what is wrong, empty when nothing is.
std::string read_variable(const std::string& text, VariableList::Variable& variable) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  std::size_t next = 0;
  for (const auto& [word, scale] : scale_words())
    if (!words.empty() && words.front() == word) {
      variable.scale = scale;
      next = 1;
    }
  if (next >= words.size() || !read_range(words[next], variable.lower, variable.upper))
    return "takes a range of two numbers, the smaller one first: 'log 1e-4..1 from 1e-2', 'integer 1..8', '-5..5'";
  ++next;
  if (next + 2 == words.size() && words[next] == "from") {
    double start = 0;
    if (!read_number(words[next + 1], start)) return "begins 'from' a number";
    variable.start = start;
    next += 2;
    if (start < variable.lower || start > variable.upper)
      return fmt::format("begins from {}, which lies outside its range {}..{}", start, variable.lower, variable.upper);
  }
  if (next != words.size()) return fmt::format("says '{}' after its range, where 'from x' may stand", words[next]);
  if (variable.scale == Scale::log && variable.lower <= 0) return "has a logarithmic scale, whose range lies above 0";
  return "";
}

}  // namespace

std::vector<OracleVariable> VariableList::of_oracle() const {
  std::vector<OracleVariable> variables;
  for (const Variable& variable : list) {
    const double middle = variable.scale == Scale::log ? std::sqrt(variable.lower * variable.upper)
                                                       : variable.lower + (variable.upper - variable.lower) / 2;
    const double start = variable.start.value_or(variable.scale == Scale::integer ? std::round(middle) : middle);
    variables.push_back({variable.name, start, variable.lower, variable.upper, variable.scale});
  }
  return variables;
}

VariableSpace::VariableSpace(const std::vector<OracleVariable>& own, const VariableList& configured,
                             const std::optional<Range>& bounds, const std::vector<double>& start) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<std::string> names;
  for (const OracleVariable& variable : own) {
    names.push_back(variable.name);
    variables_.push_back({variable.name, variable.scale, variable.lower.value_or(-kInfinity),
                          variable.upper.value_or(kInfinity), variable.start});
    if (bounds) {
      variables_.back().lower = std::max(variables_.back().lower, bounds->lower);
      variables_.back().upper = std::min(variables_.back().upper, bounds->upper);
    }
  }
  for (const VariableList::Variable& variable : configured.list) {
    const auto found = std::find(names.begin(), names.end(), variable.name);
    if (found == names.end())
      config::fail(variable.where, fmt::format("the oracle has no variable '{}'{}", variable.name,
                                               io::suggestion(variable.name, names)));
    Variable& target = variables_[static_cast<std::size_t>(found - names.begin())];
    target.scale = variable.scale;
    target.lower = variable.lower;
    target.upper = variable.upper;
    if (variable.start) target.start = *variable.start;
  }
  if (!start.empty() && start.size() != variables_.size())
    throw ConfigError(
        fmt::format("task.start: {} numbers were given, there are {} variables", start.size(), variables_.size()));
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    Variable& variable = variables_[i];
    if (!start.empty()) variable.start = start[i];
    if (variable.start < variable.lower || variable.start > variable.upper)
      throw ConfigError(fmt::format("task.start: '{}' begins at {}, outside its bounds {}..{}", variable.name,
                                    variable.start, variable.lower, variable.upper));
  }
}

std::vector<std::string> VariableSpace::names() const {
  std::vector<std::string> names;
  for (const Variable& variable : variables_) names.push_back(variable.name);
  return names;
}

double VariableSpace::to_u(const Variable& variable, double x) {
  switch (variable.scale) {
    case Scale::own:
      return x;
    case Scale::log:
      return std::log(x / variable.lower) / std::log(variable.upper / variable.lower);
    default:
      return (x - variable.lower) / (variable.upper - variable.lower);
  }
}

void VariableSpace::to_oracle(const double* u, double* x) const {
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    const Variable& variable = variables_[i];
    const double inside = std::clamp(u[i], to_u(variable, variable.lower), to_u(variable, variable.upper));
    if (variable.scale == Scale::own)
      x[i] = inside;
    else if (variable.scale == Scale::log)
      x[i] = variable.lower * std::pow(variable.upper / variable.lower, inside);
    else
      x[i] = variable.lower + inside * (variable.upper - variable.lower);
    if (variable.scale == Scale::integer) x[i] = std::round(x[i]);
    x[i] = std::clamp(x[i], variable.lower, variable.upper);
  }
}

at::Tensor VariableSpace::start() const {
  at::Tensor u = at::empty({size()}, at::kDouble);
  for (std::size_t i = 0; i < variables_.size(); ++i)
    u.mutable_data_ptr<double>()[i] = to_u(variables_[i], variables_[i].start);
  return u;
}

at::Tensor VariableSpace::box(double Variable::*side) const {
  const bool bounded = std::any_of(variables_.begin(), variables_.end(), [](const Variable& variable) {
    return std::isfinite(variable.lower) || std::isfinite(variable.upper);
  });
  if (!bounded) return {};
  at::Tensor u = at::empty({size()}, at::kDouble);
  for (std::size_t i = 0; i < variables_.size(); ++i)
    u.mutable_data_ptr<double>()[i] = to_u(variables_[i], variables_[i].*side);
  return u;
}

bool VariableSpace::has_integers() const {
  return std::any_of(variables_.begin(), variables_.end(),
                     [](const Variable& variable) { return variable.scale == Scale::integer; });
}

}  // namespace talweg::tasks

namespace talweg::config {

bool Converter<tasks::Range>::parse(const Value& value, tasks::Range& target, Diagnostics& diagnostics,
                                    const std::string& name) {
  if (value.is_scalar() && tasks::read_range(value.text, target.lower, target.upper)) return true;
  diagnostics.error(value.where, fmt::format("'{}' takes a range of two numbers, the smaller one first ('-5..5'), "
                                             "found {}",
                                             name, value.describe()));
  return false;
}

Value Converter<tasks::Range>::dump(const tasks::Range& value) {
  return Value::scalar(number_text(value.lower) + ".." + number_text(value.upper));
}

bool Converter<tasks::VariableList>::parse(const Value& value, tasks::VariableList& target, Diagnostics& diagnostics,
                                           const std::string& name) {
  target.list.clear();
  if (value.is_null()) return true;
  if (!value.is_mapping()) {
    diagnostics.error(value.where, fmt::format("'{}' takes names with ranges ('rate: log 1e-4..1'), found {}", name,
                                               value.describe()));
    return false;
  }
  bool good = true;
  for (const Member& member : value.members) {
    tasks::VariableList::Variable variable{.name = member.key, .where = member.value.where};
    const std::string wrong =
        member.value.is_scalar() ? tasks::read_variable(member.value.text, variable) : "takes a range, such as '-5..5'";
    if (!wrong.empty()) {
      diagnostics.error(member.value.where, fmt::format("'{}.{}' {}", name, member.key, wrong));
      good = false;
    }
    target.list.push_back(std::move(variable));
  }
  return good;
}

Value Converter<tasks::VariableList>::dump(const tasks::VariableList& value) {
  Value mapping = Value::mapping();
  for (const tasks::VariableList::Variable& variable : value.list) {
    std::string text;
    for (const auto& [word, scale] : tasks::scale_words())
      if (scale == variable.scale) text = word + " ";
    text += number_text(variable.lower) + ".." + number_text(variable.upper);
    if (variable.start) text += " from " + number_text(*variable.start);
    mapping.set(variable.name, Value::scalar(std::move(text)));
  }
  return mapping;
}

}  // namespace talweg::config
