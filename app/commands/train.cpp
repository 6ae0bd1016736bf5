#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "app/commands/agent_processes.h"
#include "app/commands/commands.h"
#include "app/commands/session.h"
#include "core/device/resolve_device.h"
#include "core/error.h"
#include "core/exception_message.h"
#include "core/files/compose.h"
#include "core/files/yaml.h"
#include "core/io/atomic_file.h"
#include "core/io/closest_word.h"
#include "core/kinds/lasting_settings.h"
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
void require_configuration_of(const fs::path& folder, const ReadConfiguration& configuration) {
  const bool sweep = fs::exists(folder / "sweep.yaml");
  const config::Value stored = config::load((folder / (sweep ? "sweep.yaml" : "config.yaml")).string());
  const bool equal = sweep ? config::to_yaml(configuration.root) == config::to_yaml(stored)
                           : configuration.first().resolved() == parse_recipe(stored)->resolved();
  if (!equal)
    throw ConfigError(
        fmt::format("'{0}' holds a run with another configuration; 'talweg resume {0}' goes on with that one, another "
                    "--output begins a new run",
                    folder.string()));
}

/// Refuses assignments under which the steps that were made would have been others.
void require_same_run(const std::vector<std::string>& assignments) {
  for (const std::string& assignment : assignments) {
    const std::string key = assignment.substr(0, assignment.find('='));
    if (!may_change(key))
      throw UsageError(fmt::format(
          "--set {}: the steps that were made belong to another value; 'resume' changes only {}. Begin a new "
          "run with 'talweg train' to change anything else, or add --accept-changes",
          key, fmt::join(changeable_options(), ", ")));
  }
}

/// Noise that was chosen for a budget and a length would spend more than the budget in a longer run.
void require_lasting_noise(const config::Value& root) {
  const config::Value* optimizer = root.find("optimizer");
  const config::Value* target = optimizer ? optimizer->find("target_epsilon") : nullptr;
  if (target && !target->is_null())
    throw ConfigError(
        "optimizer.target_epsilon: the noise of the steps that were made was chosen for the length of this run, and a "
        "longer one would spend more than the budget; train anew with the new length");
}

/// Removes what this process wrote into the folder of a sweep in which no point has begun, and the folder where nothing
/// is left in it.
void discard_sweep(const fs::path& folder) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
    if (entry.is_directory(ignored)) return;
  fs::remove(folder / "sweep.yaml", ignored);
  fs::remove(folder / ".lock", ignored);
  fs::remove(folder, ignored);
}

/// Runs all points as one of the ranks that a launcher started, or alone. Errors are told to the other ranks.
int train_as_rank(ReadConfiguration& configuration, const fs::path& folder, const Invocation& invocation, bool begins) {
  const SignalWatch signals;
  const RankSession ranks(configuration.first());
  bool made = false;  // the folder, by this process
  try {
    if (invocation.continues && ranks.agree(has_begun(folder))) {
      begins = false;
      if (ranks.is_first()) require_configuration_of(folder, configuration);
    }
    if (begins && ranks.is_first()) {
      RunDirectory::create(folder);  // refuses a folder that is occupied
      made = true;
      // The folder of a sweep holds the composed configuration, so that the sweep can be continued.
      if (configuration.is_sweep())
        io::write_file_atomically(folder / "sweep.yaml", config::to_yaml(configuration.root));
    }
    return static_cast<int>(train_points(configuration, folder, invocation, ranks).code);
  } catch (const std::exception& error) {
    ranks.end_with(message_of(error));
    if (made) discard_sweep(folder);
    throw;
  }
}

/// The configuration but for what changes none of its parts, so that the points of a sweep over seeds are one.
std::string parts_of(RunRecipe& recipe) {
  recipe.header().name = "check";
  recipe.header().seed = 0;
  return recipe.resolved();
}

/// Warns of expectations about evaluations of a training that its first evaluation does not have. Other metrics come
/// into being later, in steps or over a study.
void warn_of_unmeasured(const RunRecipe& recipe, const std::vector<std::string>& measured, const std::string& file) {
  if (!recipe.measures_from_the_start()) return;
  for (const Expectation& expectation : recipe.expectations()) {
    const std::string& metric = expectation.metric;
    if (!metric.starts_with("eval/") || std::find(measured.begin(), measured.end(), metric) != measured.end()) continue;
    fmt::print(stderr, "talweg: {}: expect: '{}' is not measured before the first step{}\n", file, metric,
               io::suggestion(metric, measured));
  }
}

/// Builds each recipe, and does all that comes before the first step.
void rehearse(const std::vector<std::unique_ptr<RunRecipe>>& recipes, const std::string& file) {
  std::set<std::string> seen;
  for (const std::unique_ptr<RunRecipe>& recipe : recipes) {
    if (!seen.insert(parts_of(*recipe)).second) continue;
    const RunPlace place{resolve_device(recipe->header().device), nullptr, /*quiet=*/true};
    warn_of_unmeasured(*recipe, recipe->make(make_silent_recorder(), place)->rehearse(), file);
  }
}

}  // namespace

int train(const Invocation& invocation) {
  ReadConfiguration configuration = read_configuration(invocation.arguments.front(), invocation.assignments);
  if (invocation.continues && invocation.output.empty())
    throw UsageError("--continue needs --output: the folder in which the run may have begun");
  if (invocation.accepts_changed_data && !invocation.continues)
    throw UsageError("--accept-changed-data needs --continue: a run that begins takes its files as they are");
  if (invocation.from_start && !invocation.continues)
    throw UsageError("--from-start needs --continue: a run that begins does so from the start");
  const std::optional<AgentChoice> choice = agent_choice(invocation);
  if (choice && invocation.output.empty()) throw UsageError("--agent needs --output: the folder that all agents share");
  if (choice && configuration.is_sweep())
    throw UsageError("--agent takes a configuration without 'sweep:': processes of their own make one run");
  if (choice && choice->all) {
    if (configuration.first().agents() == 0)
      throw ConfigError("--agent is for configurations with agents ('agents: {count: 4}')");
    return train_agents_apart(invocation, configuration.first().agents(), invocation.output);
  }
  if (choice) return train_as_rank(configuration, agent_folder(invocation.output, choice->agent), invocation, true);
  const fs::path folder =
      invocation.output.empty() ? default_run_folder(configuration.first().header().name) : fs::path(invocation.output);
  return train_as_rank(configuration, folder, invocation, /*begins=*/true);
}

int resume(const Invocation& invocation) {
  const fs::path folder = invocation.arguments.front();
  const bool sweep = fs::exists(folder / "sweep.yaml");
  if (!sweep && !fs::exists(folder / "config.yaml"))
    throw UsageError(fmt::format("'{}' is not a run directory (it has no config.yaml)", folder.string()));
  if (!invocation.accepts_changes) require_same_run(invocation.assignments);
  const std::string file = (folder / (sweep ? "sweep.yaml" : "config.yaml")).string();
  ReadConfiguration configuration = read_configuration(file, invocation.assignments);
  if (!invocation.assignments.empty()) require_lasting_noise(configuration.root);
  return train_as_rank(configuration, folder, invocation, /*begins=*/false);
}

int check(const Invocation& invocation) {
  require_one_process("check");
  std::size_t runs = 0, mistaken = 0;
  ExitCode code = ExitCode::success;
  for (const std::string& file : invocation.arguments) {
    try {
      const std::vector<std::unique_ptr<RunRecipe>> recipes = read_configuration(file, invocation.assignments).recipes;
      if (invocation.builds) rehearse(recipes, file);
      runs += recipes.size();
    } catch (const Error& error) {
      ++mistaken;
      if (code == ExitCode::success) code = error.code();
      const std::string message = error.what();
      fmt::print(stderr, "talweg: {}{}\n", message.starts_with(file) ? "" : file + ": ", message);
    }
  }
  const std::size_t files = invocation.arguments.size();
  if (mistaken > 0 && files > 1)
    fmt::print(stderr, "talweg: {} of {} configurations would not train\n", mistaken, files);
  if (mistaken == 0)
    fmt::print("{} configuration{} with {} run{}: no mistakes found\n", files, files == 1 ? "" : "s", runs,
               runs == 1 ? "" : "s");
  return static_cast<int>(code);
}

}  // namespace talweg::app
