#include "app/commands/session.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

#include "app/commands/agent_processes.h"
#include "app/commands/environment.h"
#include "core/claims/rate_figure.h"
#include "core/device/resolve_device.h"
#include "core/error.h"
#include "core/files/sweep.h"
#include "core/io/atomic_file.h"
#include "core/metrics/csv.h"
#include "core/metrics/json_lines.h"
#include "core/metrics/progress_line.h"
#include "core/report/report.h"
#include "core/run/changed_files.h"
#include "core/run/summary.h"

namespace talweg::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// What the run has recorded in all of its sessions.
std::vector<metrics::Record> recorded(const RunDirectory& directory) {
  std::error_code error;
  if (!fs::exists(directory.metrics(), error)) return {};
  return metrics::read_metrics(directory.metrics());
}

/// Judges what a run was expected to show by its records, and draws the rates among it.
std::vector<Verdict> judge_run(const std::vector<Expectation>& expectations, const RunDirectory& directory) {
  if (expectations.empty()) return {};
  const auto records = metrics::read_metrics(directory.metrics());
  for (const plot::Figure& figure : make_rate_figures(expectations, records))
    plot::save_figure(figure, directory.figures());
  std::vector<Verdict> verdicts;
  for (const Expectation& expectation : expectations) verdicts.push_back(judge(expectation, records));
  return verdicts;
}

/// ε to four digits, rounded up so that what is quoted stays true.
void say_epsilon(const json& privacy) {
  const json& epsilon = privacy.at("epsilon");
  const std::string number =
      epsilon.is_number() ? fmt::format("{:.3f}", std::ceil(epsilon.get<double>() * 1000) / 1000) : "infinite";
  fmt::print("  privacy: epsilon {} at delta {:g} ({}, {})\n", number, privacy.at("delta").get<double>(),
             privacy.at("accountant").get<std::string>(), privacy.at("guarantee").get<std::string>());
}

/// A point of a sweep says that the others saw the same data.
void add_sweep_to_statement(RunOutcome& outcome, std::size_t points) {
  const auto privacy = outcome.account.find("privacy");
  if (points < 2 || privacy == outcome.account.end()) return;
  (*privacy)["statement"] = fmt::format(
      "{} This run is one of {} of a sweep over the same data: what is published of all of them, and the choice among "
      "them, is covered by the sum of their ledgers only.",
      privacy->at("statement").get<std::string>(), points);
}

/// What the command line says about a run that is not as it was; of several ranks the first tells of it.
RestorePolicies policies_of(const Invocation& invocation, const RankSession& ranks) {
  RestorePolicies policies;
  const bool tells = ranks.is_first();
  if (invocation.accepts_changed_data)
    policies.on_changed_files = [tells](const io::FileChanges& changes) {
      if (tells) announce_changed_files(changes);
    };
  if (invocation.accepts_changes)
    policies.on_changed_settings = [tells](const SettingChanges& changes) {
      if (tells) announce_changed_settings(changes);
    };
  if (invocation.from_start) policies.on_no_whole_state = announce_beginning_anew;
  return policies;
}

/// The agent that this process is alone, of a configuration that has several.
std::optional<std::int64_t> agent_of(const Invocation& invocation, const RunDirectory* directory) {
  if (const std::optional<AgentChoice> choice = agent_choice(invocation)) return choice->agent;
  return directory ? agent_of_run(directory->path()) : std::nullopt;
}

void say_how_it_went(const std::string& name, const RunOutcome& outcome, const RunDirectory& directory) {
  std::string line = fmt::format("{}: {} after {} steps in {}", name, name_of(outcome.status), outcome.steps,
                                 metrics::format_duration(outcome.seconds));
  // The deciding metric first; a task may measure dozens, which the report has.
  constexpr std::size_t kShown = 4;
  Metrics shown;
  for (const auto& metric : outcome.metrics)
    if (metric.first.starts_with("eval/")) shown.push_back(metric);
  std::stable_partition(shown.begin(), shown.end(),
                        [&](const auto& metric) { return outcome.best && metric.first == outcome.best->metric; });
  for (std::size_t i = 0; i < std::min(shown.size(), kShown); ++i)
    line += fmt::format(", {} {:.4g}", shown[i].first, shown[i].second);
  fmt::print("{}\n", line);
  if (!outcome.reason.empty()) fmt::print("  {}\n", outcome.reason);
  if (const auto privacy = outcome.account.find("privacy"); privacy != outcome.account.end()) say_epsilon(*privacy);
  if (outcome.status == RunStatus::interrupted)
    fmt::print("  saved; continue with: talweg resume {}\n", directory.path().string());
  fmt::print("  report: {}\n", directory.report().string());
}

}  // namespace

void write_run_report(const std::vector<fs::path>& runs, const fs::path& file) {
  try {
    report::write_report(runs, file);
  } catch (const Error& error) {
    fmt::print(stderr, "talweg: no report was written: {}\n", error.what());
  }
}

RunOutcome carry_out(RunRecipe& recipe, const RunDirectory* directory, const Invocation& invocation,
                     const RunPart& part, const RankSession& ranks) {
  if (ranks.group()) ranks.group()->require_equal_text("configuration", recipe.shared());
  const std::optional<std::int64_t> agent = agent_of(invocation, directory);
  RunOutcome outcome;
  std::unique_ptr<Run> run;
  const auto has_begun = [&] { return part.continued || (run && run->so_far().steps > 0); };
  try {
    run = recipe.make(
        directory ? make_directory_recorder(*directory) : make_silent_recorder(),
        {resolve_device(recipe.header().device, ranks.local_rank()), ranks.group(), invocation.quiet || !directory,
         part.pause_after, agent, agent && directory ? mail_folder(directory->path()) : fs::path()});
    if (part.continued) run->restore(policies_of(invocation, ranks));
    // The configuration makes a folder that of a run; it comes first, and after everything that may be refused.
    const bool is_changed = !part.continued || !invocation.assignments.empty();  // made longer
    if (directory && part.accepted) part.accepted();
    if (directory && is_changed) io::write_file_atomically(directory->config(), recipe.resolved());
    if (directory && agent) note_agent(directory->path(), *agent);
    if (directory) io::write_file_atomically(directory->environment(), describe_environment(invocation).dump(1) + "\n");
    outcome = run->run();
  } catch (const TrainingError& error) {
    ranks.announce(error.what());
    if (run) outcome = run->so_far();
    outcome.status = RunStatus::failed;
    outcome.reason = error.what();
    if (directory || !ranks.group())
      fmt::print(stderr, "talweg: {}\n", error.what());
    else
      fmt::print(stderr, "talweg: rank {}: {}\n", ranks.group()->rank(), error.what());
    if (directory && !has_begun()) {
      directory->discard();
      return outcome;
    }
  } catch (...) {
    if (directory && !has_begun()) directory->discard();
    throw;
  }
  add_sweep_to_statement(outcome, part.runs_of_sweep);
  if (directory) {
    // What is expected of a configuration is expected of all agents together.
    const std::vector<Verdict> verdicts = agent ? std::vector<Verdict>() : judge_run(recipe.expectations(), *directory);
    io::write_file_atomically(directory->summary(), summarize(recipe.header(), outcome, verdicts).dump(1) + "\n");
    io::write_file_atomically(directory->csv(), metrics::csv_of(recorded(*directory)));
    write_run_report({directory->path()}, directory->report());
    if (!invocation.quiet) say_how_it_went(recipe.header().name, outcome, *directory);
  }
  // Ranks end together: a launcher takes the end of one for a reason to end the others, which may still write.
  if (ranks.group() && outcome.status != RunStatus::failed) ranks.group()->barrier();
  return outcome;
}

fs::path default_run_folder(const std::string& name) {
  const std::time_t now = std::time(nullptr);
  struct tm local {};
  localtime_r(&now, &local);
  const std::string base = fmt::format("runs/{}-{:%Y%m%d-%H%M%S}", name, local);
  fs::path path = base;
  for (int i = 2; fs::exists(path); ++i) path = fmt::format("{}-{}", base, i);
  return path;
}

}  // namespace talweg::app
