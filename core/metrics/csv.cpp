#include "core/metrics/csv.h"

#include <fmt/format.h>

#include <map>

#include "core/io/csv_field.h"

namespace talweg::metrics {

std::string csv_of(const std::vector<Record>& records) {
  std::vector<std::string> names;
  std::map<std::string, size_t> columns;
  for (const Record& record : records)
    for (const auto& [name, value] : record.values)
      if (columns.emplace(name, names.size()).second) names.push_back(name);

  std::string text = "step,epoch,seconds";
  for (const std::string& name : names) text += "," + io::csv_field(name);
  text += "\n";
  for (size_t i = 0; i < records.size();) {
    const Record& first = records[i];
    std::vector<std::string> row(names.size());
    for (; i < records.size() && records[i].step == first.step; ++i)
      for (const auto& [name, value] : records[i].values) row[columns.at(name)] = fmt::format("{}", value);
    text += fmt::format("{},{},{}", first.step, first.epoch, first.seconds);
    for (const std::string& cell : row) text += "," + cell;
    text += "\n";
  }
  return text;
}

}  // namespace talweg::metrics
