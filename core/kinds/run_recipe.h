#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/distributed/distributed_options.h"
#include "core/run/run.h"
#include "core/run/run_header.h"
#include "core/study/study_config.h"
#include "core/train/run_config.h"

namespace talweg {

/// Where a run happens: its process among those that share it.
struct RunPlace {
  at::Device device;
  distributed::ProcessGroup* group = nullptr;  ///< null: the process is alone
  bool quiet = false;                          ///< show no progress
  std::optional<std::int64_t> pause_after{};   ///< stop after so many steps, to go on later; absent: at the end
  std::optional<std::int64_t> agent{};         ///< the process is one agent of the configuration alone
  std::filesystem::path mail{};                ///< the folder in which such agents leave their snapshots
};

/// A configuration file after parsing, whichever kind of run it holds.
class RunRecipe {
 public:
  virtual ~RunRecipe() = default;

  virtual RunHeader& header() = 0;
  virtual const std::vector<Expectation>& expectations() const = 0;
  /// Whether every metric of its evaluations is there at the first one already.
  virtual bool measures_from_the_start() const { return true; }
  /// How many agents it has; 0 where it is no configuration of agents.
  virtual std::int64_t agents() const { return 0; }
  /// How processes that share the run talk to each other.
  virtual const distributed::DistributedOptions& distributed() const = 0;
  /// The configuration with every default written out, as YAML that is itself a configuration.
  virtual std::string resolved() const = 0;
  /// The part of it that must be the same for all processes that share the run.
  virtual std::string shared() const { return resolved(); }
  /// Builds everything; no step is made. Throws ConfigError and DataError.
  virtual std::unique_ptr<Run> make(std::unique_ptr<RunRecorder> recorder, const RunPlace& place) const = 0;
};

/// Reads a whole configuration. Throws ConfigError with every mistake found, each at its line and column; keys that
/// belong to another kind of run than the file holds are told so.
std::unique_ptr<RunRecipe> parse_recipe(const config::Value& root);

/// Reads a configuration that holds a training, or agents that each make one. Throws ConfigError, for one that holds a
/// study too.
RunConfig parse_training(const config::Value& root);

/// The top level of configurations of every kind: keys of trainings, then those that studies alone have.
std::vector<config::OptionInfo> configuration_options();

/// The JSON schema of configurations of every kind.
nlohmann::json configuration_schema();

}  // namespace talweg
