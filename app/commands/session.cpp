#include "app/commands/session.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

#include "app/commands/environment.h"
#include "core/claims/rate_figure.h"
#include "core/config/sweep.h"
#include "core/device/resolve_device.h"
#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/io/output_file.h"
#include "core/metrics/json_lines.h"
#include "core/metrics/progress_line.h"
#include "core/report/report.h"
#include "core/report/sweep_table.h"
#include "core/run/summary.h"

namespace talweg::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

ExitCode code_of(RunStatus status) {
  return status == RunStatus::completed     ? ExitCode::success
         : status == RunStatus::interrupted ? ExitCode::interrupted_and_saved
                                            : ExitCode::training_failed;
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

void say_how_it_went(const std::string& name, const RunOutcome& outcome, const RunDirectory& directory) {
  std::string line = fmt::format("{}: {} after {} steps in {}", name, name_of(outcome.status), outcome.steps,
                                 metrics::format_duration(outcome.seconds));
  for (const auto& [metric, value] : outcome.metrics)
    if (metric.starts_with("eval/")) line += fmt::format(", {} {:.4g}", metric, value);
  fmt::print("{}\n", line);
  if (!outcome.reason.empty()) fmt::print("  {}\n", outcome.reason);
  if (outcome.status == RunStatus::interrupted)
    fmt::print("  saved; continue with: talweg resume {}\n", directory.path().string());
  fmt::print("  report: {}\n", directory.report().string());
}

/// The report explains a run; a missing gnuplot must not turn a trained model into a failure.
void write_run_report(const std::vector<fs::path>& runs, const fs::path& file) {
  try {
    report::write_report(runs, file);
  } catch (const Error& error) {
    fmt::print(stderr, "talweg: no report was written: {}\n", error.what());
  }
}

std::string status_on_disk(const fs::path& run) {
  std::error_code error;
  if (!fs::exists(run / "summary.json", error)) return "";
  const json summary = json::parse(io::read_whole_file(run / "summary.json"), nullptr, false);
  return summary.is_object() ? summary.value("status", "") : "";
}

}  // namespace

RunOutcome carry_out(RunRecipe& recipe, const RunDirectory* directory, const Invocation& invocation, bool continued,
                     const RankSession& ranks) {
  if (ranks.group()) ranks.group()->require_equal_text("configuration", recipe.shared());
  if (directory && !continued) io::write_file_atomically(directory->config(), recipe.resolved());
  if (directory) io::write_file_atomically(directory->environment(), describe_environment(invocation).dump(1) + "\n");
  RunOutcome outcome;
  std::unique_ptr<Run> run;
  try {
    run = recipe.make(
        directory ? make_directory_recorder(*directory) : make_silent_recorder(),
        {resolve_device(recipe.header().device, ranks.local_rank()), ranks.group(), invocation.quiet || !directory});
    if (continued) run->restore();
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
  }
  if (directory) {
    const std::vector<Verdict> verdicts = judge_run(recipe.expectations(), *directory);
    io::write_file_atomically(directory->summary(), summarize(recipe.header(), outcome, verdicts).dump(1) + "\n");
    write_run_report({directory->path()}, directory->report());
    if (!invocation.quiet) say_how_it_went(recipe.header().name, outcome, *directory);
  }
  // Ranks end together: a launcher takes the end of one for a reason to end the others, which may still write.
  if (ranks.group() && outcome.status != RunStatus::failed) ranks.group()->barrier();
  return outcome;
}

SweepOutcome train_points(const config::Value& root, const fs::path& folder, const Invocation& invocation,
                          const RankSession& ranks) {
  const std::vector<config::SweepPoint> points = config::expand_sweep(root);
  std::vector<std::unique_ptr<RunRecipe>> recipes;  // every point is checked before the first one starts
  for (const config::SweepPoint& point : points) recipes.push_back(parse_recipe(point.config));

  SweepOutcome outcome;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::string label = points[i].label();
    const fs::path path = label.empty() ? folder : folder / fmt::format("{:03}-{}", i, label);
    outcome.runs.push_back(path);
    outcome.labels.push_back(label);
    if (!label.empty()) {
      std::string& name = recipes[i]->header().name;
      name += " " + label;
      std::replace(name.begin(), name.end(), '/', '_');
    }
    std::error_code error;
    const bool continued = ranks.agree(fs::exists(path / "config.yaml", error));
    if (ranks.agree(continued && status_on_disk(path) == "completed")) {
      if (!invocation.quiet && ranks.is_first()) fmt::print("{}: completed already\n", path.string());
      continue;
    }
    std::optional<RunDirectory> directory;
    if (ranks.is_first()) directory.emplace(continued ? RunDirectory::open(path) : RunDirectory::create(path));
    const ExitCode code =
        code_of(carry_out(*recipes[i], directory ? &*directory : nullptr, invocation, continued, ranks).status);
    if (code != ExitCode::success) outcome.code = code;
    if (code == ExitCode::interrupted_and_saved) break;
  }
  if (points.size() > 1 && ranks.is_first()) {
    outcome.runs.erase(std::remove_if(outcome.runs.begin(), outcome.runs.end(),
                                      [](const fs::path& run) { return status_on_disk(run).empty(); }),
                       outcome.runs.end());
    const std::string table = report::sweep_table(outcome.runs);
    io::write_file_atomically(folder / "sweep.txt", table);
    write_run_report(outcome.runs, folder / "report.html");
    if (!invocation.quiet) fmt::print("\n{}\nreport of all runs: {}\n", table, (folder / "report.html").string());
  }
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
