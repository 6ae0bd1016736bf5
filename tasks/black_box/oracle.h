#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/config/component.h"
#include "core/io/file_fingerprint.h"

namespace talweg::tasks {

/// How a variable is handed to an optimizer.
enum class VariableScale {
  own,      ///< as it is
  linear,   ///< its range as [0, 1]
  log,      ///< the logarithm of its range as [0, 1]
  integer,  ///< its range as [0, 1], rounded
};

/// A variable of a black box, as the oracle itself knows it.
struct OracleVariable {
  std::string name;
  double start = 0;
  std::optional<double> lower{}, upper{};  ///< nothing: it is not bounded
  VariableScale scale = VariableScale::own;
};

/// A function of d variables that is observed with noise, and what is known of it beside its values.
class Oracle {
 public:
  virtual ~Oracle() = default;

  /// Variables in order, one at least.
  virtual std::vector<OracleVariable> variables() const = 0;
  /// One observation for each of the seeds, from which all of its randomness comes: `points` is [m, d], `seeds` and
  /// `values` [m, r], those of a point side by side. Throws TrainingError naming the point where there is no value.
  virtual void observe(const double* points, std::int64_t m, std::span<const std::uint64_t> seeds, double* values) = 0;
  /// The mean over the noise, where it is known.
  virtual std::optional<double> exact(const double*) const { return {}; }
  /// The least value of exact(), where it is known.
  virtual std::optional<double> minimum() const { return {}; }
  /// Files that it was built from, as they were when they were read.
  virtual io::FileFingerprints files() const { return {}; }
  /// Tells it the folder of the run, for what it keeps there. Called before the first observation of a session, where
  /// anything is kept.
  virtual void keep_in(const std::filesystem::path&) {}
};

/// The kind of component that `oracle:` chooses.
struct OracleKind {
  static constexpr const char* name = "oracle";
  using Signature = std::unique_ptr<Oracle>();
};

/// Registers every oracle. Calling it again does nothing.
void register_oracles();

}  // namespace talweg::tasks
