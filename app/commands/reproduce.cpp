#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "app/commands/commands.h"
#include "app/commands/session.h"
#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/metrics/json_lines.h"

namespace talweg::app {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> configurations(const std::vector<std::string>& arguments) {
  std::vector<fs::path> files;
  for (const std::string& argument : arguments) {
    if (!fs::is_directory(argument)) {
      files.emplace_back(argument);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(argument))
      if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Where a configuration is run below `base`: its path without the ending, so that files of one name in different
/// folders keep apart.
fs::path folder_of(const fs::path& base, const fs::path& file) {
  fs::path folder = base;
  for (const fs::path& part : file.lexically_normal().relative_path())
    if (part != "..") folder /= part;
  return folder.replace_extension();
}

/// A sweep over nothing but seeds is one experiment, judged by its median; any other sweep is judged run by run.
bool only_seeds(const config::Value& root) {
  const config::Value* sweep = root.find("sweep");
  return sweep && sweep->members.size() == 1 && sweep->members.front().key == "seed";
}

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\|");
  return text;
}

}  // namespace

int reproduce(const Invocation& invocation) {
  require_one_process("reproduce");
  std::string table = "| configuration | claim | expected | got | verdict | source |\n|---|---|---|---|---|---|\n";
  std::size_t met = 0, count = 0;
  ExitCode worst = ExitCode::success;
  for (const fs::path& file : configurations(invocation.arguments)) {
    ReadConfiguration configuration = read_configuration(file.string());
    const std::vector<Expectation>& expectations = configuration.first().expectations();
    if (expectations.empty()) {
      fmt::print("{}: states no expectation, passed over\n", file.string());
      continue;
    }
    const fs::path base = invocation.output.empty() ? fs::path("runs/reproduce") : fs::path(invocation.output);
    const fs::path folder = folder_of(base, file);
    fs::remove_all(folder);  // a reproduction starts afresh; this folder is its own
    Invocation quiet = invocation;
    const SweepOutcome outcome = train_points(configuration, folder, quiet, RankSession(configuration.first()));
    if (outcome.code == ExitCode::interrupted_and_saved) return static_cast<int>(outcome.code);
    if (outcome.code != ExitCode::success) worst = outcome.code;
    if (outcome.runs.empty()) continue;

    std::vector<std::vector<metrics::Record>> runs;
    for (const fs::path& run : outcome.runs) runs.push_back(metrics::read_metrics(run / "metrics.jsonl"));
    const auto tell = [&](const Verdict& verdict, const std::string& label) {
      ++count;
      met += verdict.met ? 1 : 0;
      const std::string claim =
          verdict.expectation.claim.empty() ? verdict.expectation.metric : verdict.expectation.claim;
      const char* word = verdict.met ? "met" : "NOT MET";
      fmt::print("{}{}: {}\n  expected {}, got {}: {}\n", file.string(), label.empty() ? "" : " (" + label + ")", claim,
                 verdict.expected, verdict.got_text, word);
      table += fmt::format("| {}{} | {} | {} | {} | {} | {} |\n", cell(file.generic_string()),
                           label.empty() ? "" : " " + cell(label), cell(claim), verdict.expected, verdict.got_text,
                           word, cell(verdict.expectation.source));
    };
    for (const Expectation& expectation : expectations) {
      if (only_seeds(configuration.root)) {
        tell(judge_median(expectation, runs), fmt::format("median of {} seeds", runs.size()));
      } else {
        for (std::size_t i = 0; i < runs.size(); ++i) tell(judge(expectation, runs[i]), outcome.labels[i]);
      }
    }
  }
  fmt::print("{} of {} expectations met\n", met, count);
  if (!invocation.table.empty()) io::write_file_atomically(invocation.table, table);
  if (worst != ExitCode::success) return static_cast<int>(worst);
  return static_cast<int>(met == count ? ExitCode::success : ExitCode::expectation_not_met);
}

}  // namespace talweg::app
