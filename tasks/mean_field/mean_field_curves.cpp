#include "tasks/mean_field/mean_field_curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace talweg::tasks {
namespace {

using mean_field::Observables;

constexpr double kRelaxed = 1e-7;             // of τ²: the threshold of t_rel in the paper
constexpr std::size_t kPointsOfACurve = 300;  // spaced logarithmically
constexpr std::size_t kCellsOfAMap = 60, kCellsOfALabel = 10;

struct Quantity {
  const char* name;
  double (*of)(const Observables&);
};
const Quantity kQuantities[] = {{"start", [](const Observables& p) { return p.first; }},
                                {"neurons", [](const Observables& p) { return p.off; }},
                                {"multiplier", [](const Observables& p) { return p.nu; }},
                                {"a", [](const Observables& p) { return p.a; }},
                                {"overlap", [](const Observables& p) { return p.v; }},
                                {"test_error", [](const Observables& p) { return p.test; }},
                                {"train_error", [](const Observables& p) { return p.train; }}};

/// Indices of points whose times are spaced logarithmically, first and last included.
std::vector<std::size_t> thinned(const std::vector<Observables>& points) {
  std::vector<std::size_t> kept;
  if (points.size() < 2) return kept;
  const double begin = points[1].t, end = points.back().t;
  double next = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i > 0 && points[i].t < next && i + 1 < points.size()) continue;
    kept.push_back(i);
    if (i > 0) next = points[i].t * std::pow(end / begin, 1.0 / kPointsOfACurve);
  }
  return kept;
}

using Along = std::function<double(const MeanFieldCurve&, const Observables&)>;

plot::Series series_of(const MeanFieldCurve& curve, const std::string& name, const Along& x, const Along& y,
                       plot::SeriesStyle style, int colour) {
  plot::Series series{name, {}, {}, style, colour};
  for (const std::size_t i : thinned(curve.points)) {
    series.x.push_back(x(curve, curve.points[i]));
    series.y.push_back(y(curve, curve.points[i]));
  }
  return series;
}

std::string width_name(double width) {
  return fmt::format("m = {:g}", width);
}

plot::Figure figure_of(const MeanFieldCurves& curves, const std::string& name, const std::string& title,
                       const std::string& x_label, const Along& x, const std::string& y_label, const Along& y) {
  plot::Figure figure;
  figure.name = name;
  figure.title = title;
  figure.x_label = x_label;
  figure.y_label = y_label;
  for (std::size_t i = 0; i < curves.size(); ++i)
    figure.series.push_back(
        series_of(curves[i], width_name(curves[i].width), x, y, plot::SeriesStyle::line, static_cast<int>(i % 8)));
  return figure;
}

/// Where the scales of one curve are: vertical dashed lines at t = 1 and t = m, where they lie within it.
void mark_regimes(plot::Figure& figure, const MeanFieldCurve& curve, double unit) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const plot::Series& series : figure.series)
    for (const double y : series.y)
      if (y > 0) {
        low = std::min(low, y);
        high = std::max(high, y);
      }
  for (const auto& [time, name] :
       {std::pair<double, std::string>{1, "t = 1: features"}, {curve.width, "t = m: overfitting"}}) {
    if (time <= curve.points[1].t || time >= curve.points.back().t || (name[4] == 'm' && curve.width <= 1)) continue;
    figure.series.push_back({name, {time / unit, time / unit}, {low, high}, plot::SeriesStyle::dashed});
  }
}

}  // namespace

Observables at_time(const std::vector<Observables>& points, double t) {
  const auto after =
      std::lower_bound(points.begin(), points.end(), t, [](const Observables& p, double time) { return p.t < time; });
  if (after == points.end()) return points.back();
  if (after == points.begin()) return points.front();
  const Observables &low = after[-1], &high = *after;
  const double share = (t - low.t) / (high.t - low.t);
  Observables result;
  for (double Observables::*member :
       {&Observables::t, &Observables::a, &Observables::v, &Observables::train, &Observables::test, &Observables::nu,
        &Observables::off, &Observables::first, &Observables::stiffness})
    result.*member = low.*member + share * (high.*member - low.*member);
  return result;
}

Metrics curve_metrics(const MeanFieldCurve& curve, const std::vector<double>& report, TimeUnit unit,
                      const std::string& prefix) {
  Metrics metrics;
  if (curve.points.empty()) return metrics;
  const double scale = unit_of(unit, curve.width);
  for (const double time : report) {
    if (time * scale > curve.points.back().t * (1 + 1e-9)) continue;
    const Observables seen = at_time(curve.points, time * scale);
    for (const Quantity& quantity : kQuantities)
      metrics.emplace_back(fmt::format("{}{}@{:g}", prefix, quantity.name, time), quantity.of(seen));
  }
  const auto best = std::min_element(curve.points.begin(), curve.points.end(),
                                     [](const Observables& a, const Observables& b) { return a.test < b.test; });
  metrics.emplace_back(prefix + "best_time", best->t / scale);
  metrics.emplace_back(prefix + "least_test_error", best->test);
  for (const Observables& point : curve.points)
    if (point.train < kRelaxed * curve.noise * curve.noise) {
      metrics.emplace_back(prefix + "relaxation_time", point.t / scale);
      break;
    }
  for (const Quantity& quantity : kQuantities)
    metrics.emplace_back(prefix + quantity.name, quantity.of(curve.points.back()));
  return metrics;
}

std::vector<plot::Figure> curve_figures(const MeanFieldCurves& all, TimeUnit unit) {
  MeanFieldCurves curves;
  for (const MeanFieldCurve& curve : all)
    if (curve.points.size() > 2) curves.push_back(curve);
  if (curves.empty()) return {};
  const Along time = [unit](const MeanFieldCurve& c, const Observables& p) { return p.t / unit_of(unit, c.width); };
  const Along gamma = [](const MeanFieldCurve& c, const Observables& p) { return p.a / std::sqrt(c.width); };
  const Along train = [](const MeanFieldCurve&, const Observables& p) { return p.train; };
  const Along test = [](const MeanFieldCurve&, const Observables& p) { return p.test; };
  const std::string axis = axis_of(unit);
  std::vector<plot::Figure> figures;

  plot::Figure errors = figure_of(curves, "errors", "Test (lines) and train error (dashed)", axis, time, "error", test);
  for (std::size_t i = 0; i < curves.size(); ++i)
    errors.series.push_back(series_of(curves[i], curves.size() == 1 ? "train" : "train, " + width_name(curves[i].width),
                                      time, train, plot::SeriesStyle::dashed, static_cast<int>(i % 8)));
  if (curves.size() == 1) {
    errors.series[0].name = "test";
    mark_regimes(errors, curves[0], unit_of(unit, curves[0].width));
  }
  errors.x_log = true;
  if (curves[0].noise > 0)
    errors.references.push_back({curves[0].noise * curves[0].noise / 2, "noise of the labels, τ²/2"});
  errors.caption = "Features are learnt at t of order 1, where both errors fall together; noise at t of order m.";
  figures.push_back(errors);

  figures.push_back(figure_of(curves, "second_layer", "Second layer", axis, time, "a",
                              [](const MeanFieldCurve&, const Observables& p) { return p.a; }));
  figures.push_back(
      figure_of(curves, "gamma", "Second layer over the root of the width", axis, time, "γ = a / √m", gamma));
  figures.push_back(figure_of(curves, "overlap", "Overlap with the target's directions", axis, time, "|v|",
                              [](const MeanFieldCurve&, const Observables& p) { return p.v; }));
  figures.push_back(figure_of(curves, "scaled_overlap", "Overlap times the root of the width", axis, time, "√m |v|",
                              [](const MeanFieldCurve& c, const Observables& p) { return std::sqrt(c.width) * p.v; }));
  figures.push_back(figure_of(curves, "start", "Overlap of a neuron with its start", axis, time, "C_d(t, 0)",
                              [](const MeanFieldCurve&, const Observables& p) { return p.first; }));
  figures.push_back(figure_of(curves, "neurons", "Overlap of two neurons times the width", axis, time, "m C_o(t, t)",
                              [](const MeanFieldCurve& c, const Observables& p) { return c.width * p.off; }));
  for (std::size_t i = 1; i < figures.size(); ++i) figures[i].x_log = true;
  figures.push_back(
      figure_of(curves, "train_of_gamma", "Train error against γ", "γ = a / √m", gamma, "train error", train));
  figures.push_back(figure_of(curves, "gap_of_gamma", "Gap of the errors against γ", "γ = a / √m", gamma,
                              "test − train error",
                              [](const MeanFieldCurve&, const Observables& p) { return p.test - p.train; }));
  figures.push_back(
      figure_of(curves, "test_of_train", "Test against train error", "train error", train, "test error", test));
  std::erase_if(figures, [](const plot::Figure& figure) {  // of pure noise there is no overlap; of a frozen layer no γ
    double largest = 0, low = std::numeric_limits<double>::infinity(), high = -low;
    for (const plot::Series& series : figure.series)
      for (std::size_t i = 0; i < series.x.size(); ++i) {
        largest = std::max(largest, std::abs(series.y[i]));
        low = std::min(low, series.x[i]);
        high = std::max(high, series.x[i]);
      }
    return largest == 0 || low == high;
  });
  return figures;
}

plot::Figure two_time_map(const std::string& name, const std::string& title, const std::vector<double>& times,
                          const std::vector<std::vector<double>>& values, const std::string& caption) {
  plot::Figure figure;
  figure.name = name;
  figure.title = title;
  figure.x_label = "s";
  figure.y_label = "t";
  figure.heat_map.values = values;
  for (std::size_t i = 0; i < times.size(); ++i) {  // every label would cover its neighbours
    const std::string label = i % kCellsOfALabel == 0 ? fmt::format("{:.3g}", times[i]) : "";
    figure.heat_map.row_labels.push_back(label);
    figure.heat_map.column_labels.push_back(label);
  }
  figure.caption = caption;
  return figure;
}

std::vector<plot::Figure> two_time_figures(const mean_field::TwoTimeState& state, double width) {
  if (state.rows < 4) return {};
  const std::size_t cells = std::min(kCellsOfAMap, state.rows - 1);
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < cells; ++i) rows.push_back(i * (state.rows - 2) / (cells - 1));
  std::vector<double> times;
  std::vector<std::vector<double>> overlap, response;
  for (const std::size_t i : rows) {
    times.push_back(state.t[i]);
    overlap.emplace_back();
    response.emplace_back();
    for (const std::size_t j : rows) {
      const std::size_t late = std::max(i, j), early = std::min(i, j);
      overlap.back().push_back((state.c_s(late, early) + (width - 1) * state.c_d(late, early)) / width);
      const double step = state.t[j + 1] - state.t[j];
      response.back().push_back(j < i ? (state.r_s(i, j) + (width - 1) * state.r_d(i, j)) / width / step
                                      : std::nan(""));
    }
  }
  return {two_time_map("correlation", fmt::format("Overlap of a neuron with itself, m = {:g}", width), times, overlap,
                       "C_d(t, s); times are those of the grid, evenly in number."),
          two_time_map("response", fmt::format("Response of a neuron, m = {:g}", width), times, response,
                       "R_d(t, s): how much a push at time s is still felt at time t.")};
}

}  // namespace talweg::tasks
