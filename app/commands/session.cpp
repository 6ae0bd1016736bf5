#include "app/commands/session.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "app/commands/environment.h"
#include "core/claims/rate_figure.h"
#include "core/config/sweep.h"
#include "core/device/resolve_device.h"
#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/io/output_file.h"
#include "core/metrics/csv.h"
#include "core/metrics/json_lines.h"
#include "core/metrics/progress_line.h"
#include "core/report/ranking.h"
#include "core/report/report.h"
#include "core/report/run.h"
#include "core/report/sweep_table.h"
#include "core/run/summary.h"

namespace talweg::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

ExitCode code_of(RunStatus status) {
  return status == RunStatus::completed     ? ExitCode::success
         : status == RunStatus::paused      ? ExitCode::success
         : status == RunStatus::interrupted ? ExitCode::interrupted_and_saved
                                            : ExitCode::training_failed;
}

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

/// The report explains a run; a missing gnuplot must not turn a trained model into a failure.
void write_run_report(const std::vector<fs::path>& runs, const fs::path& file) {
  try {
    report::write_report(runs, file);
  } catch (const Error& error) {
    fmt::print(stderr, "talweg: no report was written: {}\n", error.what());
  }
}

json summary_on_disk(const fs::path& run) {
  std::error_code error;
  if (!fs::exists(run / "summary.json", error)) return json::object();
  const json summary = json::parse(io::read_whole_file(run / "summary.json"), nullptr, false);
  return summary.is_object() ? summary : json::object();
}

std::string status_on_disk(const fs::path& run) {
  return summary_on_disk(run).value("status", "");
}

std::int64_t steps_on_disk(const fs::path& run) {
  return summary_on_disk(run).value("steps", std::int64_t{0});
}

/// Leaves out the points that did not begin.
void forget_absent_runs(SweepOutcome& outcome) {
  for (std::size_t i = outcome.runs.size(); i-- > 0;) {
    if (!status_on_disk(outcome.runs[i]).empty()) continue;
    outcome.runs.erase(outcome.runs.begin() + static_cast<std::ptrdiff_t>(i));
    outcome.labels.erase(outcome.labels.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

}  // namespace

RunOutcome carry_out(RunRecipe& recipe, const RunDirectory* directory, const Invocation& invocation,
                     const RunPart& part, const RankSession& ranks) {
  if (ranks.group()) ranks.group()->require_equal_text("configuration", recipe.shared());
  RunOutcome outcome;
  std::unique_ptr<Run> run;
  const auto has_begun = [&] { return part.continued || (run && run->so_far().steps > 0); };
  try {
    run = recipe.make(directory ? make_directory_recorder(*directory) : make_silent_recorder(),
                      {resolve_device(recipe.header().device, ranks.local_rank()), ranks.group(),
                       invocation.quiet || !directory, part.pause_after});
    if (part.continued) run->restore();
    // The configuration makes a folder that of a run; it comes first, and after everything that may be refused.
    const bool is_changed = !part.continued || !invocation.assignments.empty();  // made longer
    if (directory && is_changed) io::write_file_atomically(directory->config(), recipe.resolved());
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
    const std::vector<Verdict> verdicts = judge_run(recipe.expectations(), *directory);
    io::write_file_atomically(directory->summary(), summarize(recipe.header(), outcome, verdicts).dump(1) + "\n");
    io::write_file_atomically(directory->csv(), metrics::csv_of(recorded(*directory)));
    write_run_report({directory->path()}, directory->report());
    if (!invocation.quiet) say_how_it_went(recipe.header().name, outcome, *directory);
  }
  // Ranks end together: a launcher takes the end of one for a reason to end the others, which may still write.
  if (ranks.group() && outcome.status != RunStatus::failed) ranks.group()->barrier();
  return outcome;
}

namespace {

/// The points of a sweep in their folders.
class Points {
 public:
  /// Every point is read before the first one starts. Throws ConfigError.
  Points(const config::Value& root, const fs::path& folder, const Invocation& invocation, const RankSession& ranks)
      : invocation_(invocation), ranks_(ranks) {
    const std::vector<config::SweepPoint> points = config::expand_sweep(root);
    for (std::size_t i = 0; i < points.size(); ++i) {
      recipes_.push_back(parse_recipe(points[i].config));
      outcome.labels.push_back(points[i].label());
      const std::string& label = outcome.labels.back();
      outcome.runs.push_back(label.empty() ? folder : folder / fmt::format("{:03}-{}", i, label));
      if (label.empty()) continue;
      std::string& name = recipes_[i]->header().name;
      name += " " + label;
      std::replace(name.begin(), name.end(), '/', '_');
    }
  }

  std::size_t size() const { return recipes_.size(); }

  /// Carries out one point, or passes over it where it has come so far already. Returns whether the next may follow.
  bool carry(std::size_t point, const std::optional<std::int64_t>& pause_after) {
    const fs::path& path = outcome.runs[point];
    std::error_code error;
    const bool continued = ranks_.agree(fs::exists(path / "config.yaml", error));
    const bool goes_on = invocation_.command == "resume" && !invocation_.assignments.empty();
    const std::string status = status_on_disk(path);
    if (ranks_.agree(continued && !goes_on && status == "completed")) {
      if (!pause_after && !invocation_.quiet && ranks_.is_first()) fmt::print("{}: completed already\n", path.string());
      return true;
    }
    if (ranks_.agree(continued && pause_after && status == "paused" && steps_on_disk(path) >= *pause_after))
      return true;
    std::optional<RunDirectory> directory;
    if (ranks_.is_first()) directory.emplace(continued ? RunDirectory::open(path) : RunDirectory::create(path));
    const RunPart part{continued, size(), pause_after};
    const ExitCode code =
        code_of(carry_out(*recipes_[point], directory ? &*directory : nullptr, invocation_, part, ranks_).status);
    if (code != ExitCode::success) outcome.code = code;
    return code != ExitCode::interrupted_and_saved;
  }

  /// Those of `candidates` whose metric is best, the same on every rank. Throws ConfigError where nothing is measured.
  std::vector<std::size_t> best(const std::vector<std::size_t>& candidates, std::size_t count) const {
    std::vector<bool> chosen(size(), false);
    if (ranks_.is_first()) {
      std::vector<std::size_t> begun;
      std::vector<fs::path> paths;
      for (const std::size_t point : candidates) {
        if (status_on_disk(outcome.runs[point]).empty()) continue;
        begun.push_back(point);
        paths.push_back(outcome.runs[point]);
      }
      const std::vector<report::Run> runs = report::load_runs(paths);
      const auto metric = report::deciding_metric(runs);
      if (!metric) throw ConfigError("sweep.halving: the points have no 'checkpoint.best_metric' in common");
      std::vector<report::RankedRun> ranked = report::ranking(runs, *metric);
      ranked.resize(std::min(ranked.size(), count));
      for (const report::RankedRun& run : ranked) chosen[begun[run.run]] = std::isfinite(run.value);
    }
    std::vector<std::size_t> list;
    for (const std::size_t point : candidates)
      if (ranks_.agree(chosen[point])) list.push_back(point);
    return list;
  }

  SweepOutcome outcome;

 private:
  const Invocation& invocation_;
  const RankSession& ranks_;
  std::vector<std::unique_ptr<RunRecipe>> recipes_;
};

/// Runs all points for some steps, the best of them for more, and so on. Returns when one that is left has ended.
void halve(Points& points, const config::HalvingOptions& halving, const Invocation& invocation, bool first) {
  std::vector<std::size_t> left(points.size());
  std::iota(left.begin(), left.end(), std::size_t{0});
  for (std::int64_t steps = halving.steps; !left.empty(); steps *= halving.factor) {
    const bool last = left.size() == 1;
    for (const std::size_t point : left)
      if (!points.carry(point, last ? std::nullopt : std::optional(steps))) return;
    if (last) return;
    const std::size_t count =
        (left.size() + static_cast<std::size_t>(halving.factor) - 1) / static_cast<std::size_t>(halving.factor);
    left = points.best(left, count);
    if (!invocation.quiet && first) fmt::print("halving: {} of the points go on after {} steps\n", left.size(), steps);
  }
}

}  // namespace

SweepOutcome train_points(const config::Value& root, const fs::path& folder, const Invocation& invocation,
                          const RankSession& ranks) {
  Points points(root, folder, invocation, ranks);
  if (const auto halving = config::halving_of(root)) {
    halve(points, *halving, invocation, ranks.is_first());
  } else {
    for (std::size_t i = 0; i < points.size(); ++i)
      if (!points.carry(i, std::nullopt)) break;
  }
  SweepOutcome outcome = std::move(points.outcome);
  if (ranks.is_first()) forget_absent_runs(outcome);
  if (points.size() > 1 && ranks.is_first()) {
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
