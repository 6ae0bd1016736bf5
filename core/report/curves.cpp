#include "core/report/curves.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <tuple>

#include "core/plot/series.h"

namespace talweg::report {
namespace {

/// Noisy curves with more points than this are smoothed, with a half-life of this share of their
/// points.
constexpr size_t most_unsmoothed_points = 100;
constexpr double smoothing_share = 0.01;
constexpr size_t most_runs_with_raw_curves = 3;

constexpr std::array<std::string_view, 4> phases = {"train", "eval", "validation", "test"};

struct MetricName {
  std::string chart;  ///< "loss" for train/loss and eval/loss, else the whole name
  std::string group;
  int phase = -1;  ///< place in `phases`
};

MetricName parse(const std::string& name) {
  const size_t slash = name.find('/');
  if (slash == std::string::npos) return {name, "", -1};
  const std::string head = name.substr(0, slash);
  for (size_t i = 0; i < phases.size(); ++i)
    if (head == phases[i]) return {name.substr(slash + 1), "", static_cast<int>(i)};
  return {name, head, -1};
}

/// The values of one metric of one run.
struct Curve {
  std::vector<double> steps, seconds, values;
};

/// One metric name within a chart: a curve per run.
struct Variant {
  std::vector<Curve> curves;
};

struct Collected {
  std::string title, group;
  std::map<int, Variant> variants;
};

std::vector<Collected> collect(const std::vector<Run>& runs) {
  std::vector<Collected> charts;
  std::map<std::string, std::pair<size_t, int>> places;  // name of the metric → chart, phase
  for (size_t r = 0; r < runs.size(); ++r) {
    for (const auto& record : runs[r].records) {
      for (const auto& [name, value] : record.values) {
        auto place = places.find(name);
        if (place == places.end()) {
          const MetricName parsed = parse(name);
          size_t chart = 0;
          while (chart < charts.size() && (charts[chart].title != parsed.chart || charts[chart].group != parsed.group))
            ++chart;
          if (chart == charts.size()) charts.push_back({parsed.chart, parsed.group, {}});
          place = places.emplace(name, std::pair{chart, parsed.phase}).first;
        }
        auto& [chart, phase] = place->second;
        auto& curves = charts[chart].variants[phase].curves;
        curves.resize(runs.size());
        curves[r].steps.push_back(static_cast<double>(record.step));
        curves[r].seconds.push_back(record.seconds);
        curves[r].values.push_back(value);
      }
    }
  }
  return charts;
}

/// Whether the curve goes up and down much more than it has to: its total variation is several
/// times its range. A learning rate schedule is not noisy and must not be smoothed.
bool is_noisy(const std::vector<double>& values) {
  double variation = 0, low = INFINITY, high = -INFINITY, previous = NAN;
  for (double value : values) {
    if (!std::isfinite(value)) continue;
    if (std::isfinite(previous)) variation += std::abs(value - previous);
    low = std::min(low, value);
    high = std::max(high, value);
    previous = value;
  }
  return variation > 5 * (high - low);
}

void add_curve(plot::Figure& figure, plot::Series series, bool raw_behind) {
  if (series.x.size() <= most_unsmoothed_points || !is_noisy(series.y)) {
    figure.series.push_back(plot::decimated(series, 800));
    return;
  }
  const double half_life = std::max(3.0, smoothing_share * static_cast<double>(series.x.size()));
  if (raw_behind) {
    plot::Series raw = plot::decimated(series, 800);
    raw.style = plot::SeriesStyle::faint;
    figure.series.push_back(std::move(raw));
  }
  figure.series.push_back(plot::decimated(plot::smoothed(series, half_life), 800));
}

struct TimeUnit {
  const char* name;
  double seconds;
};

TimeUnit time_unit(const std::vector<Run>& runs) {
  double longest = 0;
  for (const auto& run : runs)
    if (!run.records.empty()) longest = std::max(longest, run.records.back().seconds);
  if (longest > 3 * 3600) return {"hours", 3600};
  if (longest > 300) return {"minutes", 60};
  return {"seconds", 1};
}

/// What a chart is called: its metric, but that a step size which was given is the learning rate of the configuration.
std::string title_of(const Collected& chart, const std::vector<Run>& runs) {
  const bool given = std::all_of(runs.begin(), runs.end(),
                                 [](const Run& run) { return config_value(run, "optimizer.learning_rate") != "—"; });
  return chart.title == "step_size" ? (given ? "learning rate" : "step size") : chart.title;
}

/// The same as the label of an axis, with a unit where there is one.
std::string axis_label(const Collected& chart, const std::string& title) {
  std::string label = title.substr(title.find('/') == std::string::npos ? 0 : title.find('/') + 1);
  std::replace(label.begin(), label.end(), '_', ' ');
  return chart.group == "time" ? label + " (ms per step)" : label;
}

/// Whether some curve has two points that a line can join.
bool has_lines(const Collected& chart) {
  for (const auto& [phase, variant] : chart.variants)
    for (const auto& curve : variant.curves)
      if (!curve.steps.empty() && curve.steps.front() != curve.steps.back()) return true;
  return false;
}

plot::Figure draw(const Collected& chart, const std::vector<Run>& runs, bool over_time) {
  plot::Figure figure;
  figure.title = title_of(chart, runs);
  const TimeUnit unit = time_unit(runs);
  figure.x_label = over_time ? std::string("time (") + unit.name + ")" : "step";
  figure.y_label = axis_label(chart, figure.title);
  int place = 0;
  for (const auto& [phase, variant] : chart.variants) {
    for (size_t r = 0; r < variant.curves.size(); ++r) {
      const Curve& curve = variant.curves[r];
      if (curve.values.empty()) continue;
      plot::Series series;
      series.x = over_time ? curve.seconds : curve.steps;
      if (over_time)
        for (double& x : series.x) x /= unit.seconds;
      series.y = curve.values;
      const std::string phase_name(phase < 0 ? "" : phases[static_cast<size_t>(phase)]);
      if (runs.size() == 1) {
        series.name = phase_name.empty() ? figure.title : phase_name;
        series.colour = phase < 0 ? place : phase;
      } else {
        series.name = runs[r].name;
        if (chart.variants.size() > 1) series.name += " · " + phase_name;
        series.colour = static_cast<int>(r);
        if (phase == 0 && chart.variants.size() > 1) series.style = plot::SeriesStyle::dashed;
      }
      add_curve(figure, std::move(series), runs.size() <= most_runs_with_raw_curves);
    }
    ++place;
  }
  return figure;
}

/// Decades from the smallest to the largest value; negative when a value is not positive or there is none.
double decades_of(const Collected& chart) {
  double low = INFINITY, high = 0;
  for (const auto& [phase, variant] : chart.variants)
    for (const auto& curve : variant.curves)
      for (double value : curve.values) {
        if (!std::isfinite(value)) continue;
        if (value <= 0) return -1;
        low = std::min(low, value);
        high = std::max(high, value);
      }
  return high > 0 ? std::log10(high / low) : -1;
}

/// Whether every curve keeps the value it has, such as that of a baseline.
bool is_constant(const Collected& chart) {
  for (const auto& [phase, variant] : chart.variants)
    for (const auto& curve : variant.curves)
      for (double value : curve.values)
        if (!(value == curve.values.front())) return false;
  return true;
}

/// What summary.json says the best checkpoint was chosen by.
std::vector<MetricName> deciding_metrics(const std::vector<Run>& runs) {
  std::vector<MetricName> names;
  for (const auto& run : runs)
    if (const auto best = run.summary.find("best"); best != run.summary.end() && best->is_object())
      if (const auto metric = best->find("metric"); metric != best->end() && metric->is_string())
        names.push_back(parse(metric->get<std::string>()));
  return names;
}

}  // namespace

std::vector<Chart> make_charts(const std::vector<Run>& runs) {
  std::vector<Collected> collected = collect(runs);
  std::erase_if(collected, [](const Collected& chart) { return !has_lines(chart); });
  const std::vector<MetricName> decisive = deciding_metrics(runs);
  const auto rank = [&](const Collected& chart) {
    const auto is_this = [&](const MetricName& name) { return name.chart == chart.title && name.group == chart.group; };
    if (chart.group.empty() && chart.title == "loss") return 0;
    if (std::any_of(decisive.begin(), decisive.end(), is_this)) return 1;
    if (is_constant(chart)) return 5;
    if (chart.group.empty()) return 2;
    const bool of_member = std::count(chart.title.begin(), chart.title.end(), '/') > 1;  // "agent_0/eval/loss"
    return of_member ? 4 : 3;
  };
  std::vector<std::pair<int, Collected>> ranked;
  for (Collected& chart : collected) ranked.emplace_back(rank(chart), std::move(chart));
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second.group) < std::tie(b.first, b.second.group);
  });
  std::vector<Chart> charts;
  for (const auto& [place, chart] : ranked) {
    const double decades = decades_of(chart);
    charts.push_back({draw(chart, runs, false), draw(chart, runs, true), decades >= 0, std::max(0.0, decades)});
  }
  return charts;
}

}  // namespace talweg::report
