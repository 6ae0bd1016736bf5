#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/config/value.h"

namespace talweg::config {

/// One point of a sweep: the configuration without its `sweep:` section, and the values that make it differ.
struct SweepPoint {
  Value config;
  std::vector<std::pair<std::string, std::string>> assignments;  ///< dotted key, value as one line of YAML
  /// "learning_rate=0.1,seed=3": short enough for a folder name; empty for a configuration without a sweep.
  std::string label() const;
};

/// Expands `sweep: {path.to.key: [values…], …}` into its grid, the last key varying fastest.
/// A configuration without `sweep` is its own only point. Keys are dotted paths, seeds included.
/// Throws ConfigError for a malformed sweep, and for one with more than 10,000 points.
std::vector<SweepPoint> expand_sweep(const Value& root);

}  // namespace talweg::config
