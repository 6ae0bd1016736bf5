#include "core/report/report.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/plot/render.h"
#include "core/report/curves.h"
#include "core/report/html.h"
#include "core/report/ranking.h"
#include "core/report/sections.h"
#include "core/report/style.h"

namespace talweg::report {
namespace {

/// Figures on their way to gnuplot, which draws all of them at once; `place` is found again in its
/// answer.
class Pictures {
 public:
  size_t add(const plot::Figure& figure) {
    figures_.push_back(figure);
    return figures_.size() - 1;
  }
  /// Throws SystemError.
  void draw() {
    pictures_ = plot::render_svg(figures_, {.width = 480, .height = 280, .legend = false, .title = false});
  }
  std::string at(size_t place) const {
    return place < pictures_.size() ? pictures_[place] : "<p class=\"muted\">This plot could not be drawn.</p>";
  }

 private:
  std::vector<plot::Figure> figures_;
  std::vector<std::string> pictures_;
};

/// A chart's pictures: classes of the views it belongs to → place.
struct ChartPlaces {
  std::vector<std::pair<const char*, size_t>> views;
};

ChartPlaces add_views(const Chart& chart, Pictures& pictures) {
  ChartPlaces places;
  for (const auto& [x_view, figure] : {std::pair{"step", chart.by_step}, std::pair{"time", chart.by_time}}) {
    const bool step = std::string_view(x_view) == "step";
    if (!chart.can_be_logarithmic) {
      places.views.emplace_back(step ? "step linear logarithmic" : "time linear logarithmic", pictures.add(figure));
      continue;
    }
    plot::Figure logarithmic = figure;
    logarithmic.y_log = true;
    places.views.emplace_back(step ? "step linear" : "time linear", pictures.add(figure));
    places.views.emplace_back(step ? "step logarithmic" : "time logarithmic", pictures.add(logarithmic));
  }
  return places;
}

std::string figure_card(const std::string& title, const std::string& legend_html, const std::string& pictures,
                        const std::string& caption) {
  return fmt::format("<figure class=\"card\"><h4>{}</h4>{}{}{}</figure>\n", escape(title), legend_html, pictures,
                     caption.empty() ? "" : "<figcaption>" + escape(caption) + "</figcaption>");
}

/// The state of the switches; style.cpp shows and hides views by it. A loss that falls by four orders of magnitude is
/// first shown on a logarithmic axis, on which it does not look like an angle.
std::string view_choices(const std::vector<Chart>& charts) {
  const bool logarithmic = !charts.empty() && charts.front().decades >= 4;
  return fmt::format(
      R"(<input class="choice" type="radio" name="x" id="over-step" checked aria-label="curves over steps">
<input class="choice" type="radio" name="x" id="over-time" aria-label="curves over time">
<input class="choice" type="radio" name="y" id="linear"{} aria-label="linear y axis">
<input class="choice" type="radio" name="y" id="logarithmic"{} aria-label="logarithmic y axis">
)",
      logarithmic ? "" : " checked", logarithmic ? " checked" : "");
}

constexpr const char* toolbar =
    R"(<div class="toolbar"><h2>Curves</h2>
<span class="switch"><label for="over-step">steps</label><label for="over-time">time</label></span>
<span class="switch"><label for="linear">linear</label><label for="logarithmic">log</label></span></div>
)";

/// Charts beyond these, if they are more than a few, are folded away below the run's own figures.
constexpr size_t open_charts = 8;
constexpr size_t fewest_folded_charts = 3;

/// Cards of the charts [begin, end).
std::string chart_cards(const std::vector<Chart>& charts, const std::vector<ChartPlaces>& places,
                        const Pictures& pictures, size_t begin, size_t end) {
  std::string html = "<div class=\"charts\">\n";
  for (size_t i = begin; i < end; ++i) {
    std::string views;
    for (const auto& [classes, place] : places[i].views)
      views += fmt::format("<div class=\"view {}\">{}</div>\n", classes, pictures.at(place));
    html += figure_card(charts[i].by_step.title, legend(charts[i].by_step), views, "");
  }
  return html + "</div>\n";
}

size_t count_open(const std::vector<Chart>& charts) {
  return charts.size() < open_charts + fewest_folded_charts ? charts.size() : open_charts;
}

std::string curve_section(const std::vector<Chart>& charts, const std::vector<ChartPlaces>& places,
                          const Pictures& pictures) {
  if (charts.empty()) return "<h2>Curves</h2><p class=\"muted\">Nothing was recorded twice yet.</p>\n";
  return toolbar + chart_cards(charts, places, pictures, 0, count_open(charts));
}

std::string folded_curve_section(const std::vector<Chart>& charts, const std::vector<ChartPlaces>& places,
                                 const Pictures& pictures) {
  const size_t shown = count_open(charts);
  if (shown == charts.size()) return "";
  return fmt::format("<details><summary>{} more curves</summary>\n{}</details>\n", charts.size() - shown,
                     chart_cards(charts, places, pictures, shown, charts.size()));
}

struct TaskFigure {
  std::string run;
  plot::Figure figure;
  size_t place;
};

std::string figure_section(const std::vector<TaskFigure>& figures, bool several_runs, const Pictures& pictures) {
  if (figures.empty()) return "";
  std::string html = "<h2>Figures</h2>\n<div class=\"charts\">\n";
  for (const auto& [run, figure, place] : figures) {
    std::string title = figure.title.empty() ? figure.name : figure.title;
    if (several_runs) title += " — " + run;
    html += figure_card(title, legend(figure), pictures.at(place), figure.caption);
  }
  return html + "</div>\n";
}

std::string page(const std::string& title, const std::string& choices, const std::string& content) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}<div class=\"page\">\n{}"
      "<footer>Written by Talweg. This file needs nothing else: it can be mailed and opened "
      "offline.</footer>\n"
      "</div>\n</body>\n</html>\n",
      escape(title), style_sheet, choices, content);
}

}  // namespace

std::vector<std::string> write_report(const std::vector<std::filesystem::path>& run_directories,
                                      const std::filesystem::path& output_html) {
  if (run_directories.empty()) throw UsageError("a report needs at least one run directory");
  std::vector<Run> runs = load_runs(run_directories);
  const std::filesystem::path page_folder = std::filesystem::absolute(output_html).parent_path();
  for (Run& run : runs)
    run.folder_from_page = std::filesystem::absolute(run.path).lexically_proximate(page_folder).generic_string();
  std::vector<std::string> problems;
  for (const auto& run : runs)
    for (const auto& problem : run.problems) problems.push_back(run.name + ": " + problem);

  Pictures pictures;
  const std::vector<Chart> charts = make_charts(runs);
  std::vector<ChartPlaces> places;
  for (const auto& chart : charts) places.push_back(add_views(chart, pictures));
  std::vector<TaskFigure> figures;
  for (const auto& run : runs)
    for (const auto& figure : run.figures) figures.push_back({run.name, figure, pictures.add(figure)});

  std::string content = header_section(runs);
  try {
    pictures.draw();
  } catch (const SystemError& error) {
    problems.push_back(error.what());
    content += fmt::format("<div class=\"notice bad\">No plots: {}</div>\n", escape(error.what()));
  }
  if (runs.size() == 1) content += stated_sections(runs) + expectation_section(runs);
  content += ranking_section(runs);
  content += curve_section(charts, places, pictures);
  content += difference_section(runs);
  if (runs.size() > 1) content += expectation_section(runs) + stated_sections(runs);
  content += figure_section(figures, runs.size() > 1, pictures);
  content += folded_curve_section(charts, places, pictures);
  content += sample_section(runs);
  if (runs.size() == 1) content += numbers_section(runs[0]);
  content += detail_section(runs);

  const std::string title = runs.size() == 1 ? runs[0].name : fmt::format("{} runs", runs.size());
  io::write_file_atomically(output_html, page(title + " · Talweg", view_choices(charts), content));
  return problems;
}

}  // namespace talweg::report
