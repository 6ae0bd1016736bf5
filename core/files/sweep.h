#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/fields.h"
#include "core/config/value.h"

namespace talweg::config {

/// One point of a sweep: the configuration without its `sweep:` section, and the values that make it differ.
struct SweepPoint {
  Value config;
  std::vector<std::pair<std::string, std::string>> assignments;  ///< dotted key, value as one line of YAML
  /// "learning_rate=0.1,seed=3": short enough for a folder name; empty for a configuration without a sweep.
  std::string label() const;
};

/// Expands `sweep: {path.to.key: [values…], …}` into its grid, the last key varying fastest. With `draw: N` there are N
/// points instead, whose values are drawn from the lists and from ranges `{from: 1e-4, to: 1e-1, scale: log}`; what is
/// drawn depends on the sweep and the configuration's `seed` alone.
/// A configuration without `sweep` is its own only point. Keys are dotted paths, seeds included.
/// Throws ConfigError for a malformed sweep, and for one with more than 10,000 points.
std::vector<SweepPoint> expand_sweep(const Value& root);

/// Successive halving: all points are run for `steps` steps, the best part of them for `factor` times as many, and so
/// on; the last one left is run to its end. Source: Jamieson and Talwalkar 2016.
struct HalvingOptions {
  std::int64_t steps = 0;   ///< of the first round
  std::int64_t factor = 3;  ///< one in so many points goes on, and rounds grow by it
};
void declare(Fields& f, HalvingOptions& o);

/// The `halving:` of a sweep; nothing where there is none. Throws ConfigError.
std::optional<HalvingOptions> halving_of(const Value& root);

}  // namespace talweg::config
