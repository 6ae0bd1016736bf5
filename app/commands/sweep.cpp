// The points of a sweep, one after another or round by round.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "app/commands/session.h"
#include "core/error.h"
#include "core/files/sweep.h"
#include "core/files/yaml.h"
#include "core/io/atomic_file.h"
#include "core/io/output_file.h"
#include "core/report/ranking.h"
#include "core/report/run.h"
#include "core/report/sweep_table.h"

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

/// The points of a sweep in their folders.
class Points {
 public:
  Points(ReadConfiguration& configuration, const fs::path& folder, const Invocation& invocation,
         const RankSession& ranks)
      : configuration_(configuration), folder_(folder), invocation_(invocation), ranks_(ranks) {
    outcome.labels = configuration.labels;
    for (std::size_t i = 0; i < size(); ++i) {
      const std::string& label = outcome.labels[i];
      outcome.runs.push_back(label.empty() ? folder : folder / fmt::format("{:03}-{}", i, label));
      if (label.empty()) continue;
      std::string& name = configuration.recipes[i]->header().name;
      name += " " + label;
      std::replace(name.begin(), name.end(), '/', '_');
    }
  }

  std::size_t size() const { return configuration_.recipes.size(); }

  /// Carries out one point, or passes over it where it has come so far already. Returns whether the next may follow.
  bool carry(std::size_t point, const std::optional<std::int64_t>& pause_after) {
    const fs::path& path = outcome.runs[point];
    std::error_code error;
    const bool continued = ranks_.agree(fs::exists(path / "config.yaml", error));
    const bool goes_on = invocation_.command == "resume" && !invocation_.assignments.empty();
    const std::string status = status_on_disk(path);
    if (ranks_.agree(continued && !goes_on && status == "completed")) {
      if (!pause_after && !invocation_.quiet && ranks_.is_first()) fmt::print("{}: completed already\n", path.string());
      // A process that is killed after the summary leaves it without a report.
      if (ranks_.is_first() && !fs::exists(path / "report.html", error)) write_run_report({path}, path / "report.html");
      return true;
    }
    if (ranks_.agree(continued && pause_after && status == "paused" && steps_on_disk(path) >= *pause_after))
      return true;
    std::optional<RunDirectory> directory;
    if (ranks_.is_first()) directory.emplace(continued ? RunDirectory::open(path) : RunDirectory::create(path));
    const RunPart part{continued, size(), pause_after, [&] { keep_assignments(); }};
    const ExitCode code = code_of(
        carry_out(*configuration_.recipes[point], directory ? &*directory : nullptr, invocation_, part, ranks_).status);
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
  /// A sweep that goes on with other values is stored with them, once they are known to be accepted.
  void keep_assignments() {
    if (assignments_are_kept_ || !configuration_.is_sweep() || invocation_.command != "resume" ||
        invocation_.assignments.empty())
      return;
    assignments_are_kept_ = true;
    io::write_file_atomically(folder_ / "sweep.yaml", config::to_yaml(configuration_.root));
  }

  ReadConfiguration& configuration_;
  bool assignments_are_kept_ = false;
  fs::path folder_;
  const Invocation& invocation_;
  const RankSession& ranks_;
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

SweepOutcome train_points(ReadConfiguration& configuration, const fs::path& folder, const Invocation& invocation,
                          const RankSession& ranks) {
  Points points(configuration, folder, invocation, ranks);
  if (const auto halving = config::halving_of(configuration.root)) {
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

}  // namespace talweg::app
