#pragma once

#include <string>
#include <vector>

#include "core/config/converter.h"

namespace talweg::tasks {

/// Names of columns, each with the place where it was written.
struct TickerList {
  std::vector<std::string> names;
  std::vector<config::Location> where;
};

}  // namespace talweg::tasks

namespace talweg::config {

template <>
struct Converter<tasks::TickerList> {
  using Names = Converter<std::vector<std::string>>;
  static std::string type() { return Names::type(); }
  static bool parse(const Value& value, tasks::TickerList& target, Diagnostics& diagnostics, const std::string& name) {
    target.where.clear();
    if (value.is_sequence())
      for (const Value& item : value.items) target.where.push_back(item.where);
    else
      target.where.push_back(value.where);
    return Names::parse(value, target.names, diagnostics, name);
  }
  static Value dump(const tasks::TickerList& value) { return Names::dump(value.names); }
  static nlohmann::json schema() { return Names::schema(); }
};

}  // namespace talweg::config
