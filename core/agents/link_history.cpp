#include "core/agents/link_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/error.h"

namespace talweg::agents {
namespace {

/// A picture shows so many rows and columns, and labels of the latter.
constexpr std::size_t kRows = 64, kColumns = 120, kLabels = 10;

LinkRecord read_record(const std::string& line, const std::string& place) {
  try {
    const nlohmann::json json = nlohmann::json::parse(line);
    LinkRecord record;
    record.round = json.at("round").get<std::int64_t>();
    json.at("lost").get_to(record.lost);
    json.at("waiting").get_to(record.waiting);
    json.at("arrived").get_to(record.arrived);
    json.at("ages").get_to(record.ages);
    return record;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format("{}: this is no round of a history of links ({})", place, error.what()));
  }
}

}  // namespace

std::vector<LinkRecord> LinkHistory::read(const std::filesystem::path& file) {
  std::vector<LinkRecord> records;
  const std::string text = io::read_whole_file(file);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t stop = text.find('\n', begin);
    if (stop == std::string::npos) break;  // cut short by a kill
    records.push_back(
        read_record(text.substr(begin, stop - begin), fmt::format("{}:{}", file.string(), records.size() + 1)));
    begin = stop + 1;
  }
  return records;
}

LinkHistory::LinkHistory(const std::filesystem::path& file, std::int64_t next) {
  std::error_code error;
  if (std::filesystem::exists(file, error)) {
    const std::string text = io::read_whole_file(file);
    std::size_t kept = 0;
    for (std::size_t number = 1, begin = 0; begin < text.size(); ++number) {
      const std::size_t stop = text.find('\n', begin);
      if (stop == std::string::npos) break;
      if (read_record(text.substr(begin, stop - begin), fmt::format("{}:{}", file.string(), number)).round >= next)
        break;
      kept = begin = stop + 1;
    }
    std::filesystem::resize_file(file, kept, error);
    if (error) throw io::file_error("write", file, error.value());
  }
  file_.emplace(file, io::OpenMode::append);
}

void LinkHistory::add(const LinkRecord& record) {
  const nlohmann::ordered_json line = {{"round", record.round},
                                       {"lost", record.lost},
                                       {"waiting", record.waiting},
                                       {"arrived", record.arrived},
                                       {"ages", record.ages}};
  file_->write(line.dump() + "\n");
}

std::vector<plot::Figure> make_link_figures(const std::vector<LinkRecord>& records) {
  std::map<LinkDirection, std::size_t> rows;
  for (const LinkRecord& record : records)
    for (const auto& [from, to, age] : record.ages) rows.emplace(LinkDirection{from, to}, 0);
  if (rows.empty() || rows.size() > kRows) return {};
  plot::Figure figure;
  std::size_t row = 0;
  for (auto& [direction, place] : rows) {
    place = row++;
    figure.heat_map.row_labels.push_back(fmt::format("{} → {}", direction.first, direction.second));
  }
  const std::size_t columns = std::min(records.size(), kColumns);
  const std::size_t apart = (columns + kLabels - 1) / kLabels;  // labelled columns
  const auto column_of = [&](std::size_t k) { return k * columns / records.size(); };
  std::vector<std::vector<double>> sums(rows.size(), std::vector<double>(columns)), counts = sums;
  for (std::size_t k = 0; k < records.size(); ++k) {
    const std::size_t column = column_of(k);
    if (figure.heat_map.column_labels.size() == column)
      figure.heat_map.column_labels.push_back(column % apart == 0 ? fmt::format("{}", records[k].round) : "");
    for (const auto& [from, to, age] : records[k].ages) {
      if (age < 0) continue;
      const std::size_t place = rows.at({from, to});
      sums[place][column] += static_cast<double>(age);
      ++counts[place][column];
    }
  }
  for (std::size_t i = 0; i < sums.size(); ++i)
    for (std::size_t column = 0; column < columns; ++column)
      sums[i][column] = counts[i][column] > 0 ? sums[i][column] / counts[i][column] : std::nan("");
  figure.heat_map.values = std::move(sums);
  figure.name = "agents_links";
  figure.title = "Age of the copies that agents hold of their neighbours";
  figure.x_label = "round of exchange";
  figure.y_label = "sender → receiver";
  figure.caption =
      "Rounds since the newest copy that arrived was sent; with many rounds a column is the mean of several. Empty: "
      "nothing arrived yet.";
  return {figure};
}

}  // namespace talweg::agents
