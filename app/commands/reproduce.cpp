#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "app/commands/commands.h"
#include "app/commands/session.h"
#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/metrics/json_lines.h"

namespace talweg::app {
namespace {

namespace fs = std::filesystem;

/// A configuration, and where it is run below --output.
struct Work {
  fs::path file, folder;
  auto operator<=>(const Work&) const = default;
};

/// Files below the current folder keep their path, so that those of one name in different folders keep apart; of others
/// the argument's own name and what lies below it is kept: results stand where they are looked for, whatever the
/// machine.
Work work_of(const fs::path& file, const fs::path& argument) {
  const auto below = [&](const fs::path& folder) {
    return fs::absolute(file).lexically_normal().lexically_relative(folder);
  };
  fs::path folder = below(fs::current_path());
  if (*folder.begin() == "..") {
    const fs::path absolute = fs::absolute(argument).lexically_normal();
    folder = below((absolute.has_filename() ? absolute : absolute.parent_path()).parent_path());
  }
  return {file, folder.replace_extension()};
}

/// Throws UsageError when two files would be run in the same place.
std::vector<Work> configurations(const std::vector<std::string>& arguments) {
  std::vector<Work> works;
  for (const std::string& argument : arguments) {
    if (!fs::is_directory(argument)) {
      works.push_back(work_of(argument, argument));
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(argument))
      if (entry.path().extension() == ".yaml") works.push_back(work_of(entry.path(), argument));
  }
  std::sort(works.begin(), works.end());
  works.erase(std::unique(works.begin(), works.end()), works.end());
  std::map<fs::path, fs::path> taken;
  for (const Work& work : works)
    if (const auto [other, is_new] = taken.emplace(work.folder, work.file); !is_new)
      throw UsageError(
          fmt::format("{} and {} would both be run in '{}'; reproduce them one after the other, with an "
                      "--output of their own",
                      other->second.string(), work.file.string(), work.folder.string()));
  return works;
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

/// A seed that is given stands in place of the one of the configuration, and nowhere in a sweep over seeds.
void require_seed_to_matter(const Invocation& invocation, const config::Value& root, const fs::path& file) {
  const config::Value* sweep = root.find("sweep");
  const bool given = std::any_of(invocation.assignments.begin(), invocation.assignments.end(),
                                 [](const std::string& assignment) { return assignment.starts_with("seed="); });
  if (given && sweep && sweep->find("seed"))
    throw UsageError(
        fmt::format("{}: 'sweep' names the seeds, so that a seed given here would change nothing; change them "
                    "with --set 'sweep={{seed: [4, 5]}}'",
                    file.string()));
}

/// The runs of a configuration, as judge() takes them.
struct Reproduced {
  ReadConfiguration configuration;
  SweepOutcome outcome;
  std::vector<std::vector<metrics::Record>> runs;

  /// A verdict on every run, or one on all seeds.
  std::vector<std::pair<Verdict, std::string>> verdicts(const Expectation& expectation) const {
    if (only_seeds(configuration.root))
      return {{judge_median(expectation, runs), fmt::format("median of {} seeds", runs.size())}};
    std::vector<std::pair<Verdict, std::string>> list;
    for (std::size_t i = 0; i < runs.size(); ++i) list.emplace_back(judge(expectation, runs[i]), outcome.labels[i]);
    return list;
  }
};

Reproduced reproduced(const fs::path& file, const std::vector<std::string>& assignments, const fs::path& folder,
                      const Invocation& invocation) {
  Reproduced result{read_configuration(file.string(), assignments), {}, {}};
  fs::remove_all(folder);  // a reproduction starts afresh; this folder is its own
  result.outcome = train_points(result.configuration, folder, invocation, RankSession(result.configuration.first()));
  for (const fs::path& run : result.outcome.runs) result.runs.push_back(metrics::read_metrics(run / "metrics.jsonl"));
  return result;
}

std::string name_of(const fs::path& file, const std::string& label) {
  return file.string() + (label.empty() ? "" : " (" + label + ")");
}
const std::string& claim_of(const Expectation& expectation) {
  return expectation.claim.empty() ? expectation.metric : expectation.claim;
}

/// Verdicts so far.
struct Tally {
  std::string table = "| configuration | claim | expected | got | verdict | source |\n|---|---|---|---|---|---|\n";
  std::size_t met = 0, count = 0, turned = 0, turns = 0;
  ExitCode worst = ExitCode::success;

  void tell(const fs::path& file, const Verdict& verdict, const std::string& label) {
    ++count;
    met += verdict.met ? 1 : 0;
    const std::string& claim = claim_of(verdict.expectation);
    const char* word = verdict.met ? "met" : "NOT MET";
    fmt::print("{}: {}\n  expected {}, got {}: {}\n", name_of(file, label), claim, verdict.expected, verdict.got_text,
               word);
    table += fmt::format("| {}{} | {} | {} | {} | {} | {} |\n", cell(file.generic_string()),
                         label.empty() ? "" : " " + cell(label), cell(claim), verdict.expected, verdict.got_text, word,
                         cell(verdict.expectation.source));
  }
  /// A claim must fail with its wrong change: a number that comes out all the same says nothing.
  void tell_turned(const fs::path& file, const Verdict& verdict, const std::string& label) {
    ++turns;
    turned += verdict.met ? 0 : 1;
    fmt::print("{}: {}\n  with {} it is {}: {}\n", name_of(file, label), claim_of(verdict.expectation),
               fmt::join(verdict.expectation.turns.assignments, ", "), verdict.got_text,
               verdict.met ? "STILL MET" : "turns");
  }
};

/// Runs the configuration once for every wrong change that its claims name.
void try_turns(const fs::path& file, const std::vector<Expectation>& expectations, const fs::path& folder,
               const Invocation& invocation, Tally& tally) {
  std::vector<Changes> tried;
  for (const Expectation& expectation : expectations) {
    if (expectation.turns.empty() || std::find(tried.begin(), tried.end(), expectation.turns) != tried.end()) continue;
    tried.push_back(expectation.turns);
    std::vector<std::string> assignments = invocation.assignments;
    assignments.insert(assignments.end(), expectation.turns.assignments.begin(), expectation.turns.assignments.end());
    const Reproduced wrong = reproduced(file, assignments, folder / fmt::format("turned-{}", tried.size()), invocation);
    for (const Expectation& claim : expectations) {
      if (claim.turns != expectation.turns) continue;
      for (const auto& [verdict, label] : wrong.verdicts(claim)) tally.tell_turned(file, verdict, label);
      if (wrong.runs.empty()) tally.tell_turned(file, judge(claim, {}), "ended without a result");
    }
  }
}

}  // namespace

int reproduce(const Invocation& invocation) {
  require_one_process("reproduce");
  Tally tally;
  const fs::path base = invocation.output.empty() ? fs::path("runs/reproduce") : fs::path(invocation.output);
  for (const auto& [file, place] : configurations(invocation.arguments)) {
    const ReadConfiguration configuration = read_configuration(file.string(), invocation.assignments);
    require_seed_to_matter(invocation, configuration.root, file);
    const std::vector<Expectation> expectations = configuration.first().expectations();
    if (expectations.empty()) {
      fmt::print("{}: states no expectation, passed over\n", file.string());
      continue;
    }
    const fs::path folder = base / place;
    const Reproduced result = reproduced(file, invocation.assignments, folder, invocation);
    if (result.outcome.code == ExitCode::interrupted_and_saved) return static_cast<int>(result.outcome.code);
    if (result.outcome.code != ExitCode::success) tally.worst = result.outcome.code;
    for (const Expectation& expectation : expectations)
      for (const auto& [verdict, label] : result.verdicts(expectation))
        if (!result.runs.empty()) tally.tell(file, verdict, label);
    if (invocation.turns) try_turns(file, expectations, folder, invocation, tally);
  }
  fmt::print("{} of {} expectations met\n", tally.met, tally.count);
  if (invocation.turns)
    fmt::print("{} of {} claims that name a wrong change fail with it\n", tally.turned, tally.turns);
  if (!invocation.table.empty()) io::write_file_atomically(invocation.table, tally.table);
  if (tally.worst != ExitCode::success) return static_cast<int>(tally.worst);
  const bool all = tally.met == tally.count && tally.turned == tally.turns;
  return static_cast<int>(all ? ExitCode::success : ExitCode::expectation_not_met);
}

}  // namespace talweg::app
