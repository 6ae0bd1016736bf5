#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/config/component.h"
#include "core/random/random_streams.h"

namespace talweg::tasks {

/// A variable of a black box, as the oracle itself knows it.
struct OracleVariable {
  std::string name;
  std::optional<double> lower{}, upper{}, start{};
  bool logarithmic = false;  ///< its scale is that of its logarithm
  bool integer = false;
};

/// A function of d variables that is observed with noise, and what is known of it beside its values.
class Oracle {
 public:
  virtual ~Oracle() = default;

  /// Variables in order; empty where the configuration has to name them.
  virtual std::vector<OracleVariable> variables() const = 0;
  /// One observation for each of the seeds, from which all of its randomness comes: `points` is [m, d], `seeds` and
  /// `values` [m, r], those of a point side by side. Throws TrainingError naming the point where there is no value.
  virtual void observe(const double* points, std::int64_t m, std::span<const std::uint64_t> seeds, double* values) = 0;
  /// The mean over the noise, where it is known.
  virtual std::optional<double> exact(const double*) const { return {}; }
  /// The least value of exact(), where it is known.
  virtual std::optional<double> minimum() const { return {}; }
  /// Called once, before the first observation; not of a run that keeps nothing.
  virtual void keep_files_in(const std::filesystem::path&) {}
  /// What should be known before the first observation, as a sentence; may be empty.
  virtual std::string announcement() const { return {}; }
};

/// Where an oracle is asked from.
struct OracleContext {
  std::int64_t variables = 0;  ///< that the configuration names; 0: none
  std::vector<std::string> names;
  RandomStreams streams{0};
};

/// The kind of component that `oracle:` chooses.
struct OracleKind {
  static constexpr const char* name = "oracle";
  using Signature = std::unique_ptr<Oracle>(const OracleContext&);
};

/// Registers every oracle. Calling it again does nothing.
void register_oracles();

}  // namespace talweg::tasks
