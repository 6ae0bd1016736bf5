#include "core/report/sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/io/json_number.h"
#include "core/metrics/report_section.h"
#include "core/plot/render.h"
#include "core/report/html.h"
#include "core/report/ranking.h"
#include "core/report/sweep_table.h"

namespace talweg::report {
namespace {

using nlohmann::ordered_json;

std::string badge(std::string_view kind, std::string_view text) {
  return fmt::format("<span class=\"badge {}\">{}</span>", kind, text);
}

std::string swatch(size_t colour, std::string_view kind) {
  return fmt::format("<i class=\"swatch {}\" style=\"color:{}\"></i>", kind, plot::series_colour(colour));
}

std::string card(const std::string& heading, const std::string& content) {
  return fmt::format("<h2>{}</h2>\n<div class=\"card\">{}</div>\n", heading, content);
}

std::string tile(const std::string& label, const std::string& value) {
  return fmt::format("<div class=\"tile\"><span>{}</span><b>{}</b></div>", escape(label), escape(value));
}

/// A text, number or truth value as a reader expects it.
std::string shown(const ordered_json& value) {
  if (value.is_null()) return "—";
  if (value.is_string()) return escape(value.get<std::string>());
  if (value.is_number()) return readable(value.get<double>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return escape(value.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

std::string member(const ordered_json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? "—" : shown(*found);
}

std::string notices(const Run& run) {
  std::string html;
  const auto add = [&](std::string_view kind, const std::string& text) {
    html += fmt::format("<div class=\"notice {}\">{}</div>\n", kind, escape(text));
  };
  if (run.status == "unfinished" || run.status == "running")
    add("wait", fmt::format("{} is still running, or was killed before it could say how it ended. "
                            "Its last record is of step {}{}.",
                            run.name, run.steps, run.last_sign.empty() ? "" : ", written " + run.last_sign));
  if (!run.reason.empty())
    add(run.status == "failed" ? "bad" : "wait", fmt::format("{} {}: {}", run.name, run.status, run.reason));
  for (const auto& problem : run.problems) add("wait", problem);
  return html;
}

/// A run without an optimizer is not trained.
bool is_study(const Run& run) {
  return config_value(run, "study.type") != "—";
}

std::string tiles(const Run& run) {
  std::string html;
  if (const auto best = run.summary.find("best");
      best != run.summary.end() && best->is_object() && best->contains("value")) {
    const std::string metric = best->value("metric", ordered_json("metric")).is_string()
                                   ? best->value("metric", std::string("metric"))
                                   : "metric";
    html += tile("best " + metric, readable(number_of((*best)["value"]), 3));
  }
  html += tile("steps", readable(static_cast<double>(run.steps)));
  for (const char* name : {"examples", "parameters"})
    if (const auto value = run.summary.find(name); value != run.summary.end() && value->is_number())
      html += tile(name, readable(value->get<double>()));
  html += tile(is_study(run) ? "time" : "training time", readable_duration(run.seconds));
  if (run.seconds > 0 && run.steps > 0)
    html += tile("steps per second", fmt::format("{:.4g}", static_cast<double>(run.steps) / run.seconds));
  return "<div class=\"tiles\">" + html + "</div>\n";
}

struct Extremes {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  int64_t low_step = 0, high_step = 0;
  size_t not_finite = 0;
};

Extremes extremes(const Run& run, const std::string& metric) {
  Extremes found;
  for (const auto& record : run.records) {
    for (const auto& [name, value] : record.values) {
      if (name != metric) continue;
      if (!std::isfinite(value)) ++found.not_finite;
      if (std::isfinite(value) && value < found.low) found.low = value, found.low_step = record.step;
      if (std::isfinite(value) && value > found.high) found.high = value, found.high_step = record.step;
    }
  }
  return found;
}

/// Whether a value has rows of its own: an object, or a list of such.
bool has_rows(const ordered_json& value) {
  return value.is_object() || (value.is_array() && !value.empty() && value.front().is_structured());
}

/// A row for every value below, its path first; members of lists are counted from 0.
void environment_rows(const ordered_json& object, const std::string& prefix, int depth,
                      std::vector<std::vector<std::string>>& rows) {
  for (const auto& [name, value] : object.items()) {
    if (has_rows(value) && depth < 8)
      environment_rows(value, prefix + name + ".", depth + 1, rows);
    else
      rows.push_back({escape(prefix + name), shown(value)});
  }
}

/// What a section of the summary says of how it is shown (core/metrics/report_section.h); null where it says nothing.
const ordered_json* shown_form(const ordered_json& section) {
  if (!section.is_object()) return nullptr;
  const auto form = section.find(metrics::kReportMember);
  return form != section.end() && form->is_object() && form->contains("columns") && (*form)["columns"].is_array() &&
                 form->value("heading", ordered_json("")).is_string()
             ? &*form
             : nullptr;
}

/// A section without what the report shows of it elsewhere: its form and its paragraph.
ordered_json without_form(ordered_json section) {
  if (const ordered_json* form = shown_form(section)) {
    if (const std::string text = form->value("text", ""); !text.empty()) section.erase(text);
    section.erase(metrics::kReportMember);
  }
  return section;
}

struct StatedColumn {
  std::string name;
  bool holds_numbers = true;
};

/// Sections of one heading: a row a run.
struct StatedTable {
  std::string heading, text;
  std::vector<StatedColumn> columns;
  std::vector<std::vector<std::string>> rows;
};

/// The file of the run's folder that a value links to, as {"file": "mesh.html", "text": "turn it"}; null where it is no
/// such value.
const ordered_json* linked_file(const ordered_json& value) {
  if (!value.is_object() || value.size() != 2 || !value.contains("file") || !value.contains("text")) return nullptr;
  const ordered_json& file = value["file"];
  return file.is_string() && value["text"].is_string() &&
                 file.get<std::string>().find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.-/") ==
                     std::string::npos
             ? &file
             : nullptr;
}

/// A value in a cell: a link, an interval, named values a line each, or a single value.
std::string stated_cell(const ordered_json& value, const Run& run) {
  constexpr size_t kLines = 24;
  if (const ordered_json* file = linked_file(value))
    return fmt::format("<a href=\"{}/{}\">{}</a>", escape(run.folder_from_page), file->get<std::string>(),
                       shown(value["text"]));
  if (value.is_array() && value.size() == 2) return shown(value[0]) + " to " + shown(value[1]);
  if (!value.is_object()) return shown(value);
  std::string lines;
  size_t count = 0;
  for (const auto& [name, entry] : value.items())
    if (++count <= kLines) lines += (lines.empty() ? "" : "<br>") + escape(name) + " = " + shown(entry);
  if (count > kLines) lines += fmt::format("<br>… and {} more in summary.json", count - kLines);
  return lines;
}

void add_run(StatedTable& stated, const ordered_json& section, const ordered_json& form, const std::vector<Run>& runs,
             size_t run) {
  std::vector<std::string> row;
  if (runs.size() > 1) row.push_back(run_name(runs, run));
  const size_t first = row.size();
  row.resize(first + stated.columns.size(), "—");
  for (const auto& entry : form["columns"]) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_string()) continue;
    const std::string name = escape(entry[0].get<std::string>());
    const auto value = section.find(entry[1].get<std::string>());
    auto column = std::find_if(stated.columns.begin(), stated.columns.end(),
                               [&](const StatedColumn& candidate) { return candidate.name == name; });
    if (column == stated.columns.end()) {
      column = stated.columns.insert(stated.columns.end(), {name, true});
      for (auto& earlier : stated.rows) earlier.emplace_back("—");
      row.emplace_back("—");
    }
    if (value == section.end()) continue;
    column->holds_numbers = column->holds_numbers && io::number_in(*value).has_value();
    row[first + static_cast<size_t>(column - stated.columns.begin())] = stated_cell(*value, runs[run]);
  }
  stated.rows.push_back(std::move(row));
  if (const auto text = form.find("text"); text != form.end() && text->is_string()) {
    const std::string words = member(section, text->get<std::string>().c_str());
    stated.text += "<p>" + (runs.size() > 1 ? "<b>" + run_name(runs, run) + ".</b> " : "") + words + "</p>\n";
  }
}

std::string tolerance_text(const ordered_json& expectation) {
  const auto tolerance = expectation.find("tolerance");
  if (tolerance == expectation.end() || tolerance->is_null()) return "";
  return " ± " + shown(*tolerance);
}

}  // namespace

std::string status_badge(const std::string& status) {
  if (status == "completed") return badge("good", "✓ completed");
  if (status == "failed") return badge("bad", "✗ failed");
  return badge("wait", escape(status));
}

std::string run_name(const std::vector<Run>& runs, size_t run) {
  return swatch(run, "") + escape(runs[run].name);
}

std::string comparison_section(const std::vector<Run>& runs) {
  const SweepTable sweep = make_sweep_table(runs);
  std::vector<std::string> header;
  for (size_t i = 0; i < sweep.header.size(); ++i)
    header.push_back((i >= sweep.first_number ? "#" : "") + escape(sweep.header[i]));
  std::vector<std::vector<std::string>> rows;
  for (size_t r = 0; r < runs.size(); ++r) {
    std::vector<std::string> row;
    for (const auto& cell : sweep.rows[r]) row.push_back(escape(cell));
    row[0] = swatch(r, "") + row[0];
    row[sweep.first_number - 1] = status_badge(runs[r].status);
    rows.push_back(row);
  }
  return card("Runs", table(header, rows));
}

std::string header_section(const std::vector<Run>& runs) {
  std::string html;
  if (runs.size() == 1) {
    const Run& run = runs[0];
    html += fmt::format("<header><div class=\"headline\"><h1>{}</h1>{}</div>\n<p class=\"muted\">", escape(run.name),
                        status_badge(run.status));
    if (!run.started.empty()) html += "started " + escape(run.started) + " · ";
    html += (is_study(run) ? "computed for " : "trained for ") + readable_duration(run.seconds) + "</p></header>\n";
  } else {
    html += fmt::format("<header><h1>{} runs compared</h1></header>\n", runs.size());
  }
  for (const auto& run : runs) html += notices(run);
  return runs.size() == 1 ? html + tiles(runs[0]) : html;
}

std::string expectation_section(const std::vector<Run>& runs) {
  std::vector<std::vector<std::string>> rows;
  for (size_t r = 0; r < runs.size(); ++r) {
    const auto list = runs[r].summary.find("expectations");
    if (list == runs[r].summary.end() || !list->is_array()) continue;
    for (const auto& expectation : *list) {
      if (!expectation.is_object()) continue;
      const auto met = expectation.find("met");
      const bool known = met != expectation.end() && met->is_boolean();
      std::string verdict = badge("wait", "? not decided");
      if (known) verdict = met->get<bool>() ? badge("good", "✓ holds") : badge("bad", "✗ does not hold");
      std::string metric = "<code>" + member(expectation, "metric") + "</code>";
      if (expectation.contains("at")) metric += " at " + member(expectation, "at");
      std::vector<std::string> row{
          member(expectation, "claim"), metric,  member(expectation, "expected") + tolerance_text(expectation),
          member(expectation, "got"),   verdict, "<span class=\"muted\">" + member(expectation, "source") + "</span>"};
      if (runs.size() > 1) row.insert(row.begin(), swatch(r, "") + escape(runs[r].name));
      rows.push_back(row);
    }
  }
  if (rows.empty()) return "";
  std::vector<std::string> header{"claim", "metric", "#expected", "#got", "verdict", "source"};
  if (runs.size() > 1) header.insert(header.begin(), "run");
  return card("Expectations", table(header, rows));
}

std::string stated_sections(const std::vector<Run>& runs) {
  std::vector<StatedTable> tables;
  for (size_t r = 0; r < runs.size(); ++r)
    for (const auto& [name, section] : runs[r].summary.items()) {
      const ordered_json* form = shown_form(section);
      if (!form) continue;
      const std::string heading = form->value("heading", name);
      auto found = std::find_if(tables.begin(), tables.end(),
                                [&](const StatedTable& candidate) { return candidate.heading == heading; });
      if (found == tables.end()) found = tables.insert(tables.end(), {heading, {}, {}, {}});
      add_run(*found, section, *form, runs, r);
    }
  std::string html;
  for (const StatedTable& stated : tables) {
    std::vector<std::string> header;
    if (runs.size() > 1) header.emplace_back("run");
    for (const StatedColumn& column : stated.columns) header.push_back((column.holds_numbers ? "#" : "") + column.name);
    html += card(escape(stated.heading), stated.text + (header.empty() ? "" : table(header, stated.rows)));
  }
  return html;
}

std::string sample_section(const std::vector<Run>& runs) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> prompts;
  for (const Run& run : runs)
    for (const auto& sample : run.samples)
      if (const std::string prompt = member(sample, "prompt");
          std::find(prompts.begin(), prompts.end(), prompt) == prompts.end())
        prompts.push_back(prompt);
  for (const std::string& prompt : prompts)
    for (size_t r = 0; r < runs.size(); ++r)
      for (const auto& sample : runs[r].samples) {
        if (member(sample, "prompt") != prompt) continue;
        std::vector<std::string> row{member(sample, "step"), "<span class=\"sample\"><b>" + prompt + "</b>" +
                                                                 member(sample, "continuation") + "</span>"};
        if (runs.size() > 1) row.insert(row.begin(), swatch(r, "") + escape(runs[r].name));
        rows.push_back(row);
      }
  if (rows.empty()) return "";
  std::vector<std::string> header{"#step", "text (the prompt is bold)"};
  if (runs.size() > 1) header.insert(header.begin(), "run");
  return card("Samples", table(header, rows));
}

std::string numbers_section(const Run& run) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : final_metrics(run)) {
    const Extremes range = extremes(run, name);
    const auto at = [](double extreme, int64_t step) {
      return std::isfinite(extreme) ? fmt::format("{} <span class=\"muted\">at {}</span>", readable(extreme),
                                                  readable(static_cast<double>(step)))
                                    : std::string("—");
    };
    std::string final_value = readable(value);
    if (!std::isfinite(value)) final_value = badge("bad", final_value);
    if (range.not_finite > 0)
      final_value += fmt::format(" <span class=\"muted\">({} not finite)</span>", range.not_finite);
    rows.push_back({"<code>" + escape(name) + "</code>", final_value, at(range.low, range.low_step),
                    at(range.high, range.high_step)});
  }
  if (rows.empty()) return "";
  return card("Final numbers", table({"metric", "#final", "#lowest", "#highest"}, rows));
}

std::string difference_section(const std::vector<Run>& runs) {
  if (runs.size() < 2) return "";
  std::vector<std::vector<std::string>> rows;
  for (const auto& key : differing_keys(runs)) {
    if (names_the_run(key)) continue;
    rows.push_back({"<code>" + escape(key) + "</code>"});
    for (const auto& run : runs) rows.back().push_back(escape(config_value(run, key)));
  }
  if (rows.empty()) return card("Configuration differences", "<p class=\"muted\">The configurations are equal.</p>");
  std::vector<std::string> header{"key"};
  for (size_t r = 0; r < runs.size(); ++r) header.push_back(swatch(r, "") + escape(runs[r].name));
  return card("Configuration differences", table(header, rows));
}

std::string detail_section(const std::vector<Run>& runs) {
  std::string html = "<h2>Details</h2>\n";
  for (const auto& run : runs) {
    const std::string of = runs.size() > 1 ? " of " + escape(run.name) : "";
    if (!run.config_text.empty())
      html += fmt::format("<details class=\"card\"><summary>Configuration{}</summary><pre>{}</pre></details>\n", of,
                          escape(run.config_text));
    std::vector<std::vector<std::string>> stated;
    for (const auto& [name, value] : run.summary.items())
      if (has_rows(value) && name != "metrics" && name != "best" && name != "expectations")
        environment_rows(without_form(value), name + ".", 0, stated);
    if (!stated.empty())
      html += fmt::format("<details class=\"card\"><summary>What the run states{}</summary>{}</details>\n", of,
                          table({"", ""}, stated));
    std::vector<std::vector<std::string>> rows;
    environment_rows(run.environment, "", 0, rows);
    if (!rows.empty())
      html += fmt::format("<details class=\"card\"><summary>Environment{}</summary>{}</details>\n", of,
                          table({"", ""}, rows));
  }
  return html;
}

std::string legend(const plot::Figure& figure) {
  std::string html;
  for (size_t i = 0; i < figure.series.size(); ++i) {
    const auto& series = figure.series[i];
    if (series.style == plot::SeriesStyle::faint || series.name.empty()) continue;
    const char* kind = series.style == plot::SeriesStyle::dashed   ? "dashed"
                       : series.style == plot::SeriesStyle::points ? "points"
                                                                   : "";
    html += fmt::format("<span>{}{}</span>", swatch(series.colour >= 0 ? static_cast<size_t>(series.colour) : i, kind),
                        escape(series.name));
  }
  return html.empty() ? "" : "<div class=\"legend\">" + html + "</div>";
}

}  // namespace talweg::report
