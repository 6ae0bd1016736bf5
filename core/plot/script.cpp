#include "core/plot/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "core/plot/axis.h"
#include "core/plot/gnuplot.h"
#include "core/plot/series.h"
#include "core/plot/svg_cleanup.h"

namespace talweg::plot {
namespace {

template <class... Arguments>
void add(std::string& script, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fmt::format_to(std::back_inserter(script), format, std::forward<Arguments>(arguments)...);
}

/// The finite values that an axis must show.
struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  bool log = false;

  bool shows(double value) const { return std::isfinite(value) && (!log || value > 0); }
  void include(double value) {
    if (!shows(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  Axis axis() const {
    if (low > high) return log ? log_axis(0.1, 1) : linear_axis(0, 1);
    if (log) return log_axis(low, high);
    // A range that nearly begins at zero is shown from zero: step 1 of 3000, a loss of 0.04 that
    // came from 4.
    return linear_axis(low > 0 && low < 0.15 * high ? 0 : low, high);
  }
};

std::string tic_list(const Axis& axis) {
  std::string list;
  for (const auto& [value, label] : axis.tics)
    add(list, "{}{} {:.17g}", list.empty() ? "" : ", ", gnuplot_string(label), value);
  return list;
}

/// Labels of rows or columns; '%' would start a number format.
std::string label_tics(const std::vector<std::string>& labels) {
  std::string list;
  for (size_t i = 0; i < labels.size(); ++i) {
    std::string label;
    for (char c : labels[i]) label.append(c == '%' ? 2 : 1, c);
    add(list, "{}{} {}", list.empty() ? "" : ", ", gnuplot_string(label), i);
  }
  return list;
}

std::string preamble(const Figure& figure, const RenderOptions& options, const std::string& output) {
  std::string script;
  add(script, "reset\nset encoding utf8\n");
  add(script,
      "set terminal svg size {},{} dynamic noenhanced rounded linewidth 1 "
      "font \"system-ui,sans-serif,12\" background \"#fefefe\"\n",
      options.width, options.height);
  add(script, "set output {}\n", gnuplot_string(output));
  add(script, "set border 0\n");
  if (options.title && !figure.title.empty())
    add(script, "set title {} textcolor rgb '{}' font ',13'\n", gnuplot_string(figure.title), placeholder_ink);
  for (const auto& [axis, label] : {std::pair{'x', figure.x_label}, {'y', figure.y_label}})
    if (!label.empty())
      add(script, "set {}label {} textcolor rgb '{}'\n", axis, gnuplot_string(label), placeholder_muted);
  return script;
}

std::string style(const Series& series, size_t place) {
  const std::string colour = placeholder_series(series.colour >= 0 ? static_cast<size_t>(series.colour) : place);
  switch (series.style) {
    case SeriesStyle::points:
      // A cloud of points shows its density only when they are small.
      return fmt::format("with points pt 7 ps {} lc rgb '{}'", series.x.size() > 1000 ? 0.15 : 0.45, colour);
    case SeriesStyle::dashed:
      return fmt::format("with lines lw 1.6 dt (8,5) lc rgb '{}'", colour);
    case SeriesStyle::faint:
      // gnuplot's alpha channel: 00 is opaque.
      return fmt::format("with lines lw 1 lc rgb '#c0{}'", colour.substr(1));
    case SeriesStyle::line:
      break;
  }
  // A curve of few points shows them: between them nothing was measured.
  if (series.x.size() <= 30) return fmt::format("with linespoints lw 2 pt 7 ps 0.45 lc rgb '{}'", colour);
  return fmt::format("with lines lw 2 lc rgb '{}'", colour);
}

/// Where `value` stands on an axis: 0 at its low end, 1 at its high end.
double place_on(const Axis& axis, bool log, double value) {
  const auto scaled = [&](double v) { return log ? std::log(v) : v; };
  return (scaled(value) - scaled(axis.low)) / (scaled(axis.high) - scaled(axis.low));
}

/// Whether the label of a horizontal line stands at its right end, or else at the left: where the curves stay clear of
/// the text, which stands above the line and takes about a quarter of its length; at the right if they do at both ends,
/// else where they keep farther away.
bool label_at_right(const Figure& figure, const Axis& x, const Axis& y, double height) {
  const double line = place_on(y, figure.y_log, height);
  double left = 1, right = 1;
  for (const Series& series : figure.series)
    for (size_t k = 0; k < series.x.size(); ++k) {
      const double along = place_on(x, figure.x_log, series.x[k]);
      // From the middle of the text, which is half a line above.
      const double distance = std::abs(place_on(y, figure.y_log, series.y[k]) - line - 0.04);
      if (along < 0.25) left = std::min(left, distance);
      if (along > 0.75) right = std::min(right, distance);
    }
  return right > 0.07 || right >= left;
}

std::string curves(const Figure& figure, const RenderOptions& options) {
  Range x{.log = figure.x_log}, y{.log = figure.y_log};
  std::string data, plot, labels;
  for (size_t i = 0; i < figure.series.size(); ++i) {
    // Scattered points have no order in which some could stand for others.
    const bool scattered = figure.series[i].style == SeriesStyle::points;
    const Series series = scattered ? figure.series[i] : decimated(figure.series[i]);
    add(data, "$series{} << END_OF_SERIES\n", i);
    size_t drawn = 0;
    for (size_t k = 0; k < series.x.size(); ++k) {
      if (!x.shows(series.x[k]) || !y.shows(series.y[k])) {
        data += '\n';  // a gap
        continue;
      }
      x.include(series.x[k]);
      y.include(series.y[k]);
      add(data, "{:.17g} {:.17g}\n", series.x[k], series.y[k]);
      if (k < series.labels.size())
        add(labels, "set label {} at first {:.17g}, first {:.17g} left offset 0.5,0.4 textcolor rgb '{}' font ',10'\n",
            gnuplot_string(series.labels[k]), series.x[k], series.y[k], placeholder_muted);
      ++drawn;
    }
    data += "END_OF_SERIES\n";
    if (drawn == 0) continue;
    const bool named = options.legend && series.style != SeriesStyle::faint && !series.name.empty();
    add(plot, "{}$series{} using 1:2 {} {}", plot.empty() ? "" : ", ", i, style(series, i),
        named ? "title " + gnuplot_string(series.name) : std::string("notitle"));
  }
  for (const auto& line : figure.references) y.include(line.y);

  // Labels stand to the right of their points.
  const Axis x_axis = labels.empty() || figure.x_log ? x.axis() : with_room(x.axis(), 0.08);
  const Axis y_axis = figure.y_log ? y.axis() : with_room(y.axis(), 0.04);
  std::string script;
  if (figure.x_log) script += "set logscale x\n";
  if (figure.y_log) script += "set logscale y\n";
  add(script, "set xrange [{:.17g}:{:.17g}]\nset yrange [{:.17g}:{:.17g}]\n", x_axis.low, x_axis.high, y_axis.low,
      y_axis.high);
  for (const auto& [axis, tics] : {std::pair{'x', x_axis}, {'y', y_axis}})
    add(script, "set {}tics scale 0 offset {} ({}) textcolor rgb '{}' font ',11'\n", axis,
        axis == 'x' ? "0,0.3" : "0.5,0", tic_list(tics), placeholder_muted);
  add(script, "set style line 100 lt 1 lw 1 dt 1 lc rgb '{}'\nset grid xtics ytics ls 100\n", placeholder_grid);
  add(script, "set key above left horizontal Left reverse samplen 1.5 textcolor rgb '{}'\n", placeholder_ink);
  for (const auto& line : figure.references) {
    if (!y.shows(line.y)) continue;
    add(script,
        "set arrow from graph 0, first {:.17g} to graph 1, first {:.17g} nohead dt (3,4) lw 1.2 lc "
        "rgb '{}'\n",
        line.y, line.y, placeholder_ink);
    const bool right = label_at_right(figure, x_axis, y_axis, line.y);
    add(script, "set label {} at graph {}, first {:.17g} {} textcolor rgb '{}' font ',11' front\n",
        gnuplot_string(line.label), right ? 1 : 0, line.y, right ? "right offset -0.3,0.5" : "left offset 0.3,0.5",
        placeholder_ink);
  }
  // Without anything to draw the axes alone are drawn, with a word on why.
  if (plot.empty()) {
    add(script, "set label \"no values to draw\" at graph 0.5, graph 0.5 center textcolor rgb '{}'\n",
        placeholder_muted);
    plot = "1/0 notitle";
  }
  return script + labels + data + "plot " + plot + "\n";
}

/// Whether a cell of this value needs light text.
bool is_dark(double value, const Axis& colour, bool signed_values) {
  return signed_values ? std::abs(value) > colour.high / 2 : value > (colour.low + colour.high) / 2;
}

std::string heat_map(const HeatMap& map) {
  const size_t rows = map.values.size(), columns = map.values[0].size();
  Range range;
  for (const auto& row : map.values)
    for (double value : row) range.include(value);
  const bool write_values = rows <= 16 && columns <= 16;

  std::string script;
  add(script, "set xrange [-0.5:{}]\nset yrange [{}:-0.5]\n", static_cast<double>(columns) - 0.5,
      static_cast<double>(rows) - 0.5);
  size_t letters = 0;
  for (const auto& label : map.column_labels) letters += label.size() + 1;
  const auto tics = [&](char axis, const std::vector<std::string>& labels) {
    if (labels.empty())
      add(script, "unset {}tics\n", axis);
    else
      add(script, "set {}tics scale 0 {} ({}) textcolor rgb '{}' font ',11'\n", axis,
          axis == 'x' && letters > 40 ? "rotate by -40" : "", label_tics(labels), placeholder_muted);
  };
  tics('x', map.column_labels);
  tics('y', map.row_labels);
  const bool signed_values = range.low < 0 && range.high > 0;
  if (signed_values)
    // Negative in orange, positive in blue, zero as pale as the page.
    add(script,
        "set palette defined (0 '#7f3b08', 0.25 '#e08214', 0.4 '#fee0b6', 0.5 '#f7f7f7', 0.6 '#c3d9ee', 0.75 "
        "'#3480bd', "
        "1 '#08407e')\n");
  else
    // Light to dark blue, so that the highest values stand out on paper and screen.
    add(script,
        "set palette defined (0 '#f2f6fb', 0.25 '#c3d9ee', 0.5 '#7fb2dc', 0.75 '#3480bd', 1 "
        "'#08407e')\n");
  const double largest = std::max(-range.low, range.high);
  const Axis colour = signed_values ? linear_axis(-largest, largest) : linear_axis(range.low, range.high);
  add(script, "set cbrange [{:.17g}:{:.17g}]\n", colour.low, colour.high);
  add(script, "set cbtics scale 0 ({}) textcolor rgb '{}' font ',11'\n", tic_list(colour), placeholder_muted);
  add(script, "set colorbox noborder\nunset key\n$cells << END_OF_CELLS\n");
  for (size_t r = 0; r < rows; ++r)
    for (size_t c = 0; c < columns; ++c)
      if (std::isfinite(map.values[r][c]))
        add(script, "{} {} {:.17g} {}\n", c, r, map.values[r][c],
            is_dark(map.values[r][c], colour, signed_values) ? 0xFFFFFF : 0x1F2933);
  script +=
      "END_OF_CELLS\nplot $cells using 1:2:(0.49):(0.49):3 with boxxyerror fs solid lc palette "
      "notitle";
  if (write_values)
    script +=
        ", $cells using 1:2:(sprintf(\"%.3g\", $3)):4 with labels font ',10' tc rgb variable "
        "notitle";
  return script + "\n";
}

}  // namespace

std::string gnuplot_script(const Figure& figure, const RenderOptions& options, const std::string& output) {
  const std::string body = figure.heat_map.values.empty() ? curves(figure, options) : heat_map(figure.heat_map);
  return preamble(figure, options, output) + body + "unset output\n";
}

}  // namespace talweg::plot
