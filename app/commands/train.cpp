#include <fmt/format.h>

#include "app/commands/commands.h"
#include "app/commands/session.h"
#include "core/config/compose.h"
#include "core/config/sweep.h"
#include "core/config/yaml.h"
#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/run/signal_watch.h"

namespace talweg::app {

namespace fs = std::filesystem;

namespace {

/// Whether a run or a sweep has begun in the folder.
bool has_begun(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "config.yaml", error) || fs::exists(folder / "sweep.yaml", error);
}

/// Refuses to go on with another configuration than the one that the run has.
void require_configuration_of(const fs::path& folder, const config::Value& root) {
  const bool sweep = fs::exists(folder / "sweep.yaml");
  const config::Value stored = config::load((folder / (sweep ? "sweep.yaml" : "config.yaml")).string());
  const bool equal = sweep ? config::to_yaml(root) == config::to_yaml(stored)
                           : parse_recipe(root)->resolved() == parse_recipe(stored)->resolved();
  if (!equal)
    throw ConfigError(
        fmt::format("'{0}' holds a run with another configuration; 'talweg resume {0}' goes on with that one, another "
                    "--output begins a new run",
                    folder.string()));
}

/// Runs all points as one of the ranks that a launcher started, or alone. Errors are told to the other ranks.
int train_as_rank(const config::Value& root, const fs::path& folder, const Invocation& invocation, bool begins) {
  const std::vector<config::SweepPoint> points = config::expand_sweep(root);
  const SignalWatch signals;
  const RankSession ranks(*parse_recipe(points.front().config));
  try {
    if (invocation.continues && ranks.agree(has_begun(folder))) {
      begins = false;
      if (ranks.is_first()) require_configuration_of(folder, root);
    }
    if (begins && ranks.is_first()) {
      RunDirectory::create(folder);  // refuses a folder that is occupied
      // The folder of a sweep holds the composed configuration, so that the sweep can be continued.
      if (root.find("sweep")) io::write_file_atomically(folder / "sweep.yaml", config::to_yaml(root));
    }
    return static_cast<int>(train_points(root, folder, invocation, ranks).code);
  } catch (const std::exception& error) {
    ranks.announce(error.what());
    throw;
  }
}

}  // namespace

int train(const Invocation& invocation) {
  const config::Value root = config::load(invocation.arguments.front(), invocation.assignments);
  const std::vector<config::SweepPoint> points = config::expand_sweep(root);
  const std::string name = parse_recipe(points.front().config)->header().name;
  if (invocation.continues && invocation.output.empty())
    throw UsageError("--continue needs --output: the folder in which the run may have begun");
  const fs::path folder = invocation.output.empty() ? default_run_folder(name) : fs::path(invocation.output);
  return train_as_rank(root, folder, invocation, /*begins=*/true);
}

int resume(const Invocation& invocation) {
  const fs::path folder = invocation.arguments.front();
  if (fs::exists(folder / "sweep.yaml"))
    return train_as_rank(config::load((folder / "sweep.yaml").string()), folder, invocation, /*begins=*/false);
  if (!fs::exists(folder / "config.yaml"))
    throw UsageError(fmt::format("'{}' is not a run directory (it has no config.yaml)", folder.string()));
  return train_as_rank(config::load((folder / "config.yaml").string()), folder, invocation, /*begins=*/false);
}

int check(const Invocation& invocation) {
  std::size_t points = 0;
  for (const std::string& file : invocation.arguments) {
    for (const config::SweepPoint& point : config::expand_sweep(config::load(file, invocation.assignments))) {
      parse_recipe(point.config);
      ++points;
    }
  }
  fmt::print("{} configuration{} with {} run{}: no mistakes found\n", invocation.arguments.size(),
             invocation.arguments.size() == 1 ? "" : "s", points, points == 1 ? "" : "s");
  return 0;
}

}  // namespace talweg::app
