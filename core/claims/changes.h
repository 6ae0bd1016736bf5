#pragma once

#include <string>
#include <vector>

#include "core/config/converter.h"

namespace talweg {

/// A wrong change of a configuration, by which a claim about it stops to hold: {optimizer.clip_norm: 1e-6}.
struct Changes {
  std::vector<std::string> assignments;  ///< "path.to.key=value" each, as `--set` takes them

  bool empty() const { return assignments.empty(); }
  bool operator==(const Changes&) const = default;
};

namespace config {

template <>
struct Converter<Changes> {
  static std::string type() { return "section of PATH: VALUE"; }
  static bool parse(const Value& value, Changes& target, Diagnostics& diagnostics, const std::string& name) {
    target = {};
    bool good = value.is_mapping();
    for (const Member& member : value.members) {
      good = good && member.value.is_scalar();
      target.assignments.push_back(member.key + "=" + member.value.text);
    }
    if (!good)
      diagnostics.error(value.where, fmt::format("'{}' takes keys of the configuration and their wrong values, such as "
                                                 "{{optimizer.clip_norm: 1e-6}}, found {}",
                                                 name, value.describe()));
    return good;
  }
  static Value dump(const Changes& value) {
    Value section = Value::mapping();
    for (const std::string& assignment : value.assignments) {
      const std::size_t equals = assignment.find('=');
      section.set(assignment.substr(0, equals), Value::scalar(assignment.substr(equals + 1)));
    }
    return section;
  }
  static nlohmann::json schema() { return {{"type", "object"}}; }
};

}  // namespace config
}  // namespace talweg
