#include "core/agents/team_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/task/metric_series.h"

namespace talweg::agents {
namespace {

/// With the two means these are as many as there are colours.
constexpr std::int64_t kLines = 6;

/// The metrics of evaluations, as the agents call them: "eval/accuracy".
std::vector<std::string> evaluated(const std::vector<metrics::Record>& records) {
  std::vector<std::string> names;
  for (const metrics::Record& record : records)
    for (const auto& item : record.values)
      if (item.first.starts_with("eval/") && std::find(names.begin(), names.end(), item.first) == names.end())
        names.push_back(item.first);
  return names;
}

/// At every step the extreme of the agents' values.
plot::Series extreme(const std::string& name, const std::vector<plot::Series>& agents,
                     const double& (*choose)(const double&, const double&)) {
  plot::Series series = agents.front();
  series.name = name;
  for (const plot::Series& agent : agents)
    for (std::size_t k = 0; k < std::min(series.y.size(), agent.y.size()); ++k)
      series.y[k] = choose(series.y[k], agent.y[k]);
  return series;
}

plot::Figure of_metric(const std::string& metric, std::int64_t agents, const std::vector<metrics::Record>& records) {
  const std::string name = metric.substr(metric.find('/') + 1);
  plot::Figure figure;
  figure.name = "agents_" + name;
  figure.title = fmt::format("{} of the agents", name);
  figure.title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(figure.title[0])));
  figure.x_label = "step";
  figure.y_label = name;
  figure.caption =
      "The mean model has the mean of the agents' parameters; the dashed line is the mean of their values.";
  std::vector<plot::Series> lines;
  for (std::int64_t i = 0; i < agents; ++i)
    lines.push_back(series_of(fmt::format("agent_{}/{}", i, metric), fmt::format("agent {}", i), records));
  if (agents > kLines)
    lines = {extreme("lowest agent", lines, std::min<double>), extreme("highest agent", lines, std::max<double>)};
  figure.series = std::move(lines);
  plot::Series mean = series_of(metric, "mean of the agents", records);
  mean.style = plot::SeriesStyle::dashed;
  figure.series.push_back(std::move(mean));
  figure.series.push_back(series_of("mean_model/" + name, "mean model", records));
  return figure;
}

}  // namespace

std::vector<plot::Figure> make_team_figures(std::int64_t agents, const std::vector<metrics::Record>& records) {
  std::vector<plot::Figure> figures;
  for (const std::string& metric : evaluated(records)) figures.push_back(of_metric(metric, agents, records));
  plot::Figure apart;
  apart.name = "agents_disagreement";
  apart.title = "Distance between the agents";
  apart.x_label = "step";
  apart.y_label = "disagreement";
  apart.y_log = true;
  apart.caption =
      "Root mean square distance of the agents' parameters from their mean, relative to the mean's length: it grows "
      "while they train by themselves and shrinks when they exchange.";
  apart.series = {series_of("agents/disagreement", "disagreement", records)};
  figures.push_back(std::move(apart));
  return figures;
}

}  // namespace talweg::agents
