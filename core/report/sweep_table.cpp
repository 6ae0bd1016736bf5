#include "core/report/sweep_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/io/utf8.h"
#include "core/report/html.h"
#include "core/report/ranking.h"

namespace talweg::report {
namespace {

std::vector<std::string> shown_metrics(const std::vector<Run>& runs) {
  std::vector<std::string> all, evaluation;
  for (const auto& run : runs) {
    for (const auto& [name, value] : final_metrics(run)) {
      if (std::find(all.begin(), all.end(), name) != all.end()) continue;
      all.push_back(name);
      if (name.starts_with("eval/")) evaluation.push_back(name);
    }
  }
  return evaluation.empty() ? all : evaluation;
}

std::string final_value(const Run& run, const std::string& metric) {
  for (const auto& [name, value] : final_metrics(run))
    if (name == metric) return readable(value);
  return "—";
}

/// Name of the metric that summary.json calls the best one's, and its value.
std::optional<std::pair<std::string, std::string>> best_of(const Run& run) {
  const auto best = run.summary.find("best");
  if (best == run.summary.end() || !best->is_object() || !best->contains("metric") || !(*best)["metric"].is_string() ||
      !best->contains("value"))
    return std::nullopt;
  return std::pair{(*best)["metric"].get<std::string>(), readable(number_of((*best)["value"]))};
}

/// Mean and spread over the seeds of every configuration.
SweepTable make_seed_table(const std::vector<SeedGroup>& groups, const std::string& metric) {
  SweepTable table;
  table.header = {"configuration", "seeds", "mean of best " + metric, "standard deviation", "lowest", "highest"};
  table.first_number = 1;
  for (const SeedGroup& group : groups)
    table.rows.push_back({group.label.empty() ? "all" : group.label, readable(static_cast<double>(group.runs.size())),
                          readable(group.mean, 5), std::isnan(group.deviation) ? "—" : readable(group.deviation, 3),
                          readable(group.low, 5), readable(group.high, 5)});
  return table;
}

/// A table as lines of a terminal.
std::string aligned(SweepTable table) {
  table.rows.insert(table.rows.begin(), table.header);
  std::vector<size_t> widths(table.header.size(), 0);
  for (auto& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      row[i] = io::valid_utf8(row[i]);
      for (char& c : row[i])
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
      widths[i] = std::max(widths[i], io::count_code_points(row[i]));
    }
  }
  std::string text;
  for (size_t r = 0; r < table.rows.size(); ++r) {
    std::string line;
    for (size_t i = 0; i < widths.size(); ++i) {
      const std::string& cell = table.rows[r][i];
      const std::string space(widths[i] - io::count_code_points(cell), ' ');
      line += (i ? "  " : "") + (i < table.first_number ? cell + space : space + cell);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
    if (r > 0) continue;
    for (size_t i = 0; i < widths.size(); ++i) {
      text += i ? "  " : "";
      for (size_t k = 0; k < widths[i]; ++k) text += "─";
    }
    text += '\n';
  }
  return text;
}

}  // namespace

SweepTable make_sweep_table(const std::vector<Run>& runs) {
  std::vector<std::string> keys = differing_keys(runs), metrics = shown_metrics(runs), best;
  std::erase_if(keys, names_the_run);
  for (const auto& run : runs)
    if (const auto entry = best_of(run); entry && std::find(best.begin(), best.end(), entry->first) == best.end())
      best.push_back(entry->first);

  SweepTable table;
  table.header = {"run"};
  table.header.insert(table.header.end(), keys.begin(), keys.end());
  table.header.insert(table.header.end(), {"status"});
  table.first_number = table.header.size();
  table.header.insert(table.header.end(), {"steps", "time"});
  for (const auto& metric : best) table.header.push_back("best " + metric);
  table.header.insert(table.header.end(), metrics.begin(), metrics.end());

  for (const auto& run : runs) {
    std::vector<std::string> row{run.name};
    for (const auto& key : keys) row.push_back(config_value(run, key));
    row.insert(row.end(), {run.status, readable(static_cast<double>(run.steps)), readable_duration(run.seconds)});
    const auto entry = best_of(run);
    for (const auto& metric : best) row.push_back(entry && entry->first == metric ? entry->second : "—");
    for (const auto& metric : metrics) row.push_back(final_value(run, metric));
    table.rows.push_back(row);
  }
  return table;
}

std::string sweep_table(const std::vector<std::filesystem::path>& run_directories) {
  const std::vector<Run> runs = load_runs(run_directories);
  const std::optional<DecidingMetric> metric = deciding_metric(runs);
  if (!metric) return aligned(make_sweep_table(runs));
  std::vector<Run> sorted;
  for (const RankedRun& ranked : ranking(runs, *metric)) sorted.push_back(runs[ranked.run]);
  std::string text = aligned(make_sweep_table(sorted));
  if (const auto groups = seed_groups(runs, *metric); !groups.empty())
    text += "\n" + aligned(make_seed_table(groups, metric->name));
  return text;
}

}  // namespace talweg::report
