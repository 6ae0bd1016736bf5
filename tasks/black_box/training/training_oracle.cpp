#include "tasks/black_box/training/training_oracle.h"

#include <fmt/format.h>

#include <cmath>
#include <sstream>

#include "core/device/resolve_device.h"
#include "core/error.h"
#include "core/files/yaml.h"
#include "core/io/atomic_file.h"
#include "core/io/closest_word.h"
#include "core/io/output_file.h"
#include "core/io/set_aside.h"
#include "core/kinds/read_configuration.h"
#include "core/libtorch.h"
#include "core/run/interruption.h"
#include "core/run/run_directory.h"
#include "core/run/signal_watch.h"
#include "core/run/summary.h"

namespace talweg::tasks {
namespace {

/// A training may search, too; one that searches itself would have no end.
constexpr int kDeepest = 3;
thread_local int nested_trainings = 0;
struct Deeper {
  Deeper() { ++nested_trainings; }
  ~Deeper() { --nested_trainings; }
};

/// The value at a dotted path, or null.
const config::Value* at_path(const config::Value& root, const std::string& path) {
  const config::Value* value = &root;
  std::istringstream keys(path);
  for (std::string key; value && std::getline(keys, key, '.');)
    value = value->is_mapping() ? value->find(key) : nullptr;
  return value;
}

std::vector<std::string> assignments_at(const std::vector<OracleVariable>& variables, const double* x) {
  std::vector<std::string> assignments;
  for (std::size_t i = 0; i < variables.size(); ++i)
    assignments.push_back(fmt::format("{}={}", variables[i].name, config::number_text(x[i])));
  return assignments;
}

std::unique_ptr<RunRecipe> recipe_of(const std::string& file, const std::vector<std::string>& assignments) {
  const Deeper deeper;
  if (nested_trainings > kDeepest)
    throw ConfigError("trainings are searched within trainings within trainings, without end");
  ReadConfiguration read = read_configuration(file, assignments);
  if (read.is_sweep()) throw ConfigError(fmt::format("{}: a 'sweep' is no single run", file));
  return std::move(read.recipes.front());
}

}  // namespace

void declare(config::Fields& f, TrainingOracleOptions& o) {
  f("config", o.config, "configuration of the runs that are made, relative to this file", config::required());
  f("over", o.over, "options of it that vary: 'optimizer.learning_rate: log 1e-4..1'", config::required());
  f("metric", o.metric, "metric of the runs whose last value counts");
  f("goal", o.goal, "what is good; a metric that is maximized counts with the other sign");
  f("failed", o.failed, "value of a run that fails, or whose metric is not finite");
}

void validate(const TrainingOracleOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  std::error_code ignored;
  if (o.over.list.empty()) return diagnostics.error(where.at("over"), "'over' names one option at least");
  if (!std::filesystem::is_regular_file(o.config.path, ignored))
    return diagnostics.error(where.at("config"), fmt::format("there is no file '{}'", o.config.path));
  const std::vector<OracleVariable> variables = o.over.of_oracle();
  std::vector<double> start, low, high;
  for (const OracleVariable& variable : variables) {
    start.push_back(variable.start);
    low.push_back(*variable.lower);
    high.push_back(*variable.upper);
  }
  for (const std::vector<double>& point : {start, low, high}) {
    try {
      recipe_of(o.config.path, assignments_at(variables, point.data()));
    } catch (const Error& error) {
      return diagnostics.error(where.at("config"), fmt::format("the runs would not begin: {}", error.what()));
    }
  }
}

TrainingOracle::TrainingOracle(const TrainingOracleOptions& options)
    : options_(options), variables_(options.over.of_oracle()) {
  const config::Value own = config::parse_yaml(recipe_of(options_.config.path, {})->resolved(), options_.config.path);
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    OracleVariable& variable = variables_[i];
    const config::Value* value = at_path(own, variable.name);
    double number = 0;
    if (options_.over.list[i].start || !value || !value->is_scalar() || !config::read_scalar(*value, number)) continue;
    if (number >= *variable.lower && number <= *variable.upper) variable.start = number;
  }
}

void TrainingOracle::keep_in(const std::filesystem::path& folder) {
  LoggedOracle::keep_in(folder);
  folder_ = folder / "trainings";
  made_ = answered_so_far();
}

void TrainingOracle::find_out(std::span<const Question> questions, const Answered& answered) {
  for (std::size_t i = 0; i < questions.size(); ++i) answered(i, value_of(questions[i]));
}

double TrainingOracle::value_of(const Question& question) {
  std::vector<std::string> assignments = assignments_at(variables_, question.x);
  assignments.push_back(fmt::format("seed={}", question.seed >> 33));
  const std::unique_ptr<RunRecipe> recipe = recipe_of(options_.config.path, assignments);
  const at::AutoGradMode with_gradients(true);
  const RunOutcome outcome = carry_out(*recipe);
  if (outcome.status == RunStatus::interrupted) throw Interruption{SignalWatch().received()};
  ++made_;
  return judged(outcome);
}

RunOutcome TrainingOracle::carry_out(RunRecipe& recipe) {
  const RunPlace place{resolve_device(recipe.header().device), nullptr, /*quiet=*/true};
  std::unique_ptr<Run> run;
  const auto made = [&](std::unique_ptr<RunRecorder> recorder, bool goes_on) {
    try {
      run = recipe.make(std::move(recorder), place);
      // A search does not stop for one of its trainings, which can be made again.
      if (goes_on) run->restore({.on_no_whole_state = announce_beginning_anew});
      return run->run();
    } catch (const TrainingError& error) {
      RunOutcome outcome = run ? run->so_far() : RunOutcome();
      outcome.status = RunStatus::failed;
      outcome.reason = error.what();
      return outcome;
    }
  };
  if (folder_.empty()) return made(make_silent_recorder(), false);
  const std::filesystem::path folder = folder_ / fmt::format("{:06}", made_ + 1);
  const std::string resolved = recipe.resolved();
  std::error_code ignored;
  const bool has_begun = std::filesystem::is_regular_file(folder / "config.yaml", ignored);
  const bool goes_on = has_begun && io::read_whole_file(folder / "config.yaml") == resolved;
  if (has_begun && !goes_on) io::set_aside(folder, "superseded");
  if (!goes_on) std::filesystem::remove_all(folder, ignored);
  const RunDirectory directory = goes_on ? RunDirectory::open(folder) : RunDirectory::create(folder);
  if (!goes_on) io::write_file_atomically(directory.config(), resolved);
  const RunOutcome outcome = made(make_directory_recorder(directory), goes_on);
  run.reset();
  io::write_file_atomically(directory.summary(), summarize(recipe.header(), outcome, {}).dump(1) + "\n");
  return outcome;
}

double TrainingOracle::judged(const RunOutcome& outcome) const {
  if (outcome.status == RunStatus::failed) return options_.failed;
  std::vector<std::string> names;
  for (const auto& [name, value] : outcome.metrics) {
    if (name == options_.metric)
      return !std::isfinite(value) ? options_.failed : options_.goal == Goal::minimize ? value : -value;
    names.push_back(name);
  }
  throw TrainingError(fmt::format("the runs of '{}' have no metric '{}'{}", options_.config.path, options_.metric,
                                  io::suggestion(options_.metric, names)));
}

}  // namespace talweg::tasks
