#include "core/optimizer/group_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/io/closest_word.h"
#include "core/libtorch.h"

namespace talweg {
namespace {

bool matches(const std::string& name, const std::string& pattern) {
  return fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
}

/// Patterns a person may have meant: whole names, and what stands before or after each of their dots.
std::vector<std::string> sensible_patterns(const ParameterList& parameters) {
  std::set<std::string> patterns;
  for (const NamedParameter& parameter : parameters) {
    const std::string& name = parameter.name;
    patterns.insert(name);
    for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
      patterns.insert("*" + name.substr(dot));
      patterns.insert(name.substr(0, dot) + ".*");
    }
  }
  return {patterns.begin(), patterns.end()};
}

std::string advice(const std::string& pattern, const ParameterList& parameters) {
  if (const auto closest = io::closest_word(pattern, sensible_patterns(parameters)))
    return fmt::format(" (did you mean '{}'?)", *closest);
  constexpr std::size_t shown = 12;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(shown, parameters.size()); ++i) names.push_back(parameters[i].name);
  const std::string more =
      parameters.size() > shown ? fmt::format(" and {} more", parameters.size() - shown) : std::string();
  return fmt::format(" (there are {}{})", fmt::join(names, ", "), more);
}

}  // namespace

void declare(config::Fields& f, GroupOptions& o) {
  f("parameters", o.parameters,
    "names of the group's parameters, with * for any text and ? for one character, such as '*.bias'; a parameter "
    "belongs to the first group that names it",
    config::required());
  f("learning_rate_factor", o.learning_rate_factor, "times the learning rate; 0: the group stays as it is",
    config::at_least(0));
  f("weight_decay", o.weight_decay, "lambda of the group (default: that of the optimizer)", config::at_least(0));
}

void validate(const GroupOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.parameters.empty()) diagnostics.error(where.where, "'parameters' of a group names none; '*' names all");
}

std::vector<std::size_t> assign_groups(const ParameterList& parameters, const std::vector<GroupOptions>& groups) {
  std::vector<std::size_t> assigned(parameters.size(), groups.size());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    bool taken = false;
    for (const std::string& pattern : groups[g].parameters) {
      bool matched = false;
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (!matches(parameters[i].name, pattern)) continue;
        matched = true;
        if (assigned[i] == groups.size()) assigned[i] = g;
        taken |= assigned[i] == g;
      }
      if (!matched)
        throw ConfigError(fmt::format("optimizer: groups[{}]: no parameter is called '{}'{}", g, pattern,
                                      advice(pattern, parameters)));
    }
    if (!taken)
      throw ConfigError(
          fmt::format("optimizer: groups[{}]: all its parameters belong to earlier groups; put it before them", g));
  }
  return assigned;
}

std::vector<ParameterTreatment> treatments(const ParameterList& parameters, const std::vector<GroupOptions>& groups,
                                           double weight_decay) {
  std::vector<ParameterTreatment> treatments;
  for (const std::size_t group : assign_groups(parameters, groups))
    treatments.push_back(group == groups.size()
                             ? ParameterTreatment{1, weight_decay}
                             : ParameterTreatment{groups[group].learning_rate_factor,
                                                  groups[group].weight_decay.value_or(weight_decay)});
  return treatments;
}

}  // namespace talweg
