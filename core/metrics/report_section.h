#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace talweg::metrics {

/// How a section of the summary that an optimizer, a task or a study states of its run is shown in the report. Under
/// the member kReportMember of that section, it names the other members; the report knows no section by itself.
/// Sections of several runs that have one heading are shown as one table. A member {"file": "mesh.html", "text": "turn
/// it"} is shown as a link to a file of the run's folder (lower-case letters, digits, "_.-/").
struct ReportSection {
  std::string heading;                                       ///< "Privacy"
  std::string text;                                          ///< member with a paragraph to quote; empty: none
  std::vector<std::pair<std::string, std::string>> columns;  ///< heading of a column, and member that stands there
};

inline constexpr const char* kReportMember = "report";

/// {"heading": …, "text": …, "columns": [[heading, member], …]}
inline nlohmann::json to_json(const ReportSection& section) {
  nlohmann::json columns = nlohmann::json::array();
  for (const auto& [heading, member] : section.columns) columns.push_back({heading, member});
  nlohmann::json object = {{"heading", section.heading}, {"columns", std::move(columns)}};
  if (!section.text.empty()) object["text"] = section.text;
  return object;
}

}  // namespace talweg::metrics
