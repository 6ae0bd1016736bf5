#include "core/report/ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/report/html.h"
#include "core/report/sections.h"

namespace talweg::report {
namespace {

double best_value(const Run& run) {
  const auto best = run.summary.find("best");
  return best != run.summary.end() && best->is_object() && best->contains("value") ? number_of((*best)["value"])
                                                                                   : std::nan("");
}

int64_t best_step(const Run& run) {
  const auto best = run.summary.find("best");
  if (best == run.summary.end() || !best->is_object()) return -1;
  const auto step = best->find("step");
  return step != best->end() && step->is_number() ? step->get<int64_t>() : -1;
}

/// What a run computes, but for its seed.
std::string without_seed(const Run& run) {
  std::string text;
  for (const auto& [key, value] : run.config)
    if (key != "seed" && !names_the_run(key)) text += key + "=" + value + "\n";
  return text;
}

std::string label_of(const Run& run, const std::vector<std::string>& keys) {
  std::string label;
  for (const auto& key : keys)
    if (key != "seed" && !names_the_run(key))
      label += fmt::format("{}{}={}", label.empty() ? "" : ", ", key, config_value(run, key));
  return label;
}

std::string ranked_table(const std::vector<Run>& runs, const std::vector<RankedRun>& ranked,
                         const DecidingMetric& metric) {
  std::vector<std::string> others;
  for (const auto& run : runs)
    for (const auto& [name, value] : final_metrics(run))
      if (name.starts_with("eval/") && std::find(others.begin(), others.end(), name) == others.end())
        others.push_back(name);
  std::vector<std::string> header{"#place",   "run",    "status", "#best " + escape(metric.name),
                                  "#at step", "#steps", "#time"};
  for (const auto& name : others) header.push_back("#last " + escape(name));
  std::vector<std::vector<std::string>> rows;
  for (size_t place = 0; place < ranked.size(); ++place) {
    const Run& run = runs[ranked[place].run];
    const bool known = std::isfinite(ranked[place].value);
    std::vector<std::string> row{known ? fmt::format("{}", place + 1) : "—",
                                 run_name(runs, ranked[place].run),
                                 status_badge(run.status),
                                 known ? readable(ranked[place].value) : "—",
                                 ranked[place].step >= 0 ? readable(static_cast<double>(ranked[place].step)) : "—",
                                 readable(static_cast<double>(run.steps)),
                                 readable_duration(run.seconds)};
    const auto finals = final_metrics(run);
    for (const auto& name : others) {
      const auto found = std::ranges::find(finals, name, &std::pair<std::string, double>::first);
      row.push_back(found == finals.end() ? "—" : readable(found->second));
    }
    rows.push_back(std::move(row));
  }
  return table(header, rows);
}

std::string group_table(const std::vector<SeedGroup>& groups, const DecidingMetric& metric) {
  std::vector<std::vector<std::string>> rows;
  for (const SeedGroup& group : groups)
    rows.push_back({escape(group.label.empty() ? "all" : group.label), fmt::format("{}", group.runs.size()),
                    readable(group.mean, 5), std::isnan(group.deviation) ? "—" : readable(group.deviation, 3),
                    readable(group.low, 5), readable(group.high, 5)});
  return "<h3>Over seeds</h3>\n" + table({"configuration", "#seeds", "#mean of best " + escape(metric.name),
                                          "#standard deviation", "#lowest", "#highest"},
                                         rows);
}

}  // namespace

bool names_the_run(const std::string& key) {
  return key == "name" || key == "description" || key == "output" || key == "run.name" || key == "run.output";
}

std::optional<DecidingMetric> deciding_metric(const std::vector<Run>& runs) {
  std::optional<DecidingMetric> shared;
  for (const Run& run : runs) {
    DecidingMetric own{config_value(run, "checkpoint.best_metric"),
                       config_value(run, "checkpoint.best_goal") == "maximize"};
    if (const auto best = run.summary.find("best"); best != run.summary.end() && best->is_object())
      if (const auto metric = best->find("metric"); metric != best->end() && metric->is_string())
        own.name = metric->get<std::string>();
    if (own.name == "—") return std::nullopt;
    if (shared && (shared->name != own.name || shared->larger_is_better != own.larger_is_better)) return std::nullopt;
    shared = own;
  }
  return shared;
}

std::vector<RankedRun> ranking(const std::vector<Run>& runs, const DecidingMetric& metric) {
  std::vector<RankedRun> ranked;
  for (size_t i = 0; i < runs.size(); ++i) ranked.push_back({i, best_value(runs[i]), best_step(runs[i])});
  std::stable_sort(ranked.begin(), ranked.end(), [&](const RankedRun& a, const RankedRun& b) {
    if (!std::isfinite(a.value) || !std::isfinite(b.value)) return std::isfinite(a.value) && !std::isfinite(b.value);
    return metric.larger_is_better ? a.value > b.value : a.value < b.value;
  });
  return ranked;
}

std::vector<SeedGroup> seed_groups(const std::vector<Run>& runs, const DecidingMetric& metric) {
  const std::vector<std::string> keys = differing_keys(runs);
  std::map<std::string, SeedGroup> by_configuration;
  bool several = false;
  for (size_t i = 0; i < runs.size(); ++i) {
    const double value = best_value(runs[i]);
    if (!std::isfinite(value)) continue;
    SeedGroup& group = by_configuration[without_seed(runs[i])];
    if (group.runs.empty()) group = {label_of(runs[i], keys), {}, 0, 0, value, value};
    group.runs.push_back(i);
    group.mean += value;
    group.low = std::min(group.low, value);
    group.high = std::max(group.high, value);
    several = several || group.runs.size() > 1;
  }
  if (!several) return {};
  std::vector<SeedGroup> groups;
  for (auto& [configuration, group] : by_configuration) {
    const auto count = static_cast<double>(group.runs.size());
    group.mean /= count;
    double square = 0;
    for (const size_t run : group.runs) square += std::pow(best_value(runs[run]) - group.mean, 2);
    group.deviation = group.runs.size() > 1 ? std::sqrt(square / (count - 1)) : std::nan("");
    groups.push_back(std::move(group));
  }
  std::stable_sort(groups.begin(), groups.end(), [&](const SeedGroup& a, const SeedGroup& b) {
    return metric.larger_is_better ? a.mean > b.mean : a.mean < b.mean;
  });
  return groups;
}

std::string ranking_section(const std::vector<Run>& runs) {
  if (runs.size() < 2) return "";
  const std::optional<DecidingMetric> metric = deciding_metric(runs);
  if (!metric)
    return comparison_section(runs) +
           "<p class=\"muted\">These runs have no deciding metric in common, so that none of them is the best.</p>\n";
  const std::vector<RankedRun> ranked = ranking(runs, *metric);
  std::string html = "<h2>Which run won</h2>\n<div class=\"card\">";
  if (std::isfinite(ranked.front().value))
    html += fmt::format("<p>{} is the best of {} runs: {} {}, the {} ({}).</p>\n",
                        "<b>" + run_name(runs, ranked.front().run) + "</b>", runs.size(), escape(metric->name),
                        readable(ranked.front().value), metric->larger_is_better ? "largest" : "smallest",
                        ranked.front().step >= 0 ? "at step " + readable(static_cast<double>(ranked.front().step))
                                                 : std::string("step unknown"));
  else
    html += "<p>No run was evaluated yet.</p>\n";
  html += ranked_table(runs, ranked, *metric);
  if (const auto groups = seed_groups(runs, *metric); !groups.empty()) html += group_table(groups, *metric);
  return html + "</div>\n";
}

}  // namespace talweg::report
