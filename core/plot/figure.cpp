#include "core/plot/figure.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/io/base64.h"
#include "core/io/json_number.h"
#include "core/io/output_file.h"
#include "core/io/utf8.h"

namespace talweg::plot {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<SeriesStyle, const char*>, 4> style_names{{{SeriesStyle::line, "line"},
                                                                          {SeriesStyle::points, "points"},
                                                                          {SeriesStyle::dashed, "dashed"},
                                                                          {SeriesStyle::faint, "faint"}}};

json numbers(const std::vector<double>& values) {
  json list = json::array();
  for (double value : values) list.push_back(io::json_number(value));
  return list;
}

json texts(const std::vector<std::string>& values) {
  json list = json::array();
  for (const auto& value : values) list.push_back(io::valid_utf8(value));
  return list;
}

/// Earlier versions wrote null for what is not finite.
double to_number(const json& value) {
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
  const std::optional<double> number = io::number_in(value);
  return number ? *number : value.get<double>();
}

std::vector<double> to_numbers(const json& list) {
  std::vector<double> values;
  for (const auto& value : list) values.push_back(to_number(value));
  return values;
}

template <class T>
void read(const json& object, const char* member, T& value) {
  if (const auto found = object.find(member); found != object.end()) found->get_to(value);
}

Series to_series(const json& object) {
  Series series;
  read(object, "name", series.name);
  read(object, "colour", series.colour);
  series.x = to_numbers(object.at("x"));
  series.y = to_numbers(object.at("y"));
  if (series.x.size() != series.y.size())
    throw DataError(fmt::format("series '{}' has {} x and {} y values", series.name, series.x.size(), series.y.size()));
  read(object, "labels", series.labels);
  if (!series.labels.empty() && series.labels.size() != series.x.size())
    throw DataError(
        fmt::format("series '{}' has {} points and {} labels", series.name, series.x.size(), series.labels.size()));
  const std::string style = object.value("style", "line");
  for (const auto& [value, name] : style_names) {
    if (style != name) continue;
    series.style = value;
    return series;
  }
  throw DataError(
      fmt::format("series '{}' has the style '{}': line, points, dashed or faint was expected", series.name, style));
}

HeatMap to_heat_map(const json& object) {
  HeatMap map;
  for (const auto& row : object.at("values")) map.values.push_back(to_numbers(row));
  read(object, "row_labels", map.row_labels);
  read(object, "column_labels", map.column_labels);
  for (const auto& row : map.values)
    if (row.empty() || row.size() != map.values[0].size())
      throw DataError("the rows of the heat map have different lengths, or none");
  const auto fits = [](size_t labels, size_t cells) { return labels == 0 || labels == cells; };
  if (!map.values.empty() &&
      !(fits(map.row_labels.size(), map.values.size()) && fits(map.column_labels.size(), map.values[0].size())))
    throw DataError("the heat map has more or fewer labels than rows or columns");
  return map;
}

Picture to_picture(const json& object) {
  Picture picture;
  object.at("width").get_to(picture.width);
  object.at("height").get_to(picture.height);
  picture.png = io::from_base64(object.at("png").get<std::string>());
  if (picture.width < 1 || picture.height < 1 || !picture.png.starts_with("\x89PNG"))
    throw DataError("the picture is no PNG file with a width and a height");
  return picture;
}

Figure to_figure(const json& object) {
  Figure figure;
  read(object, "name", figure.name);
  read(object, "title", figure.title);
  read(object, "x_label", figure.x_label);
  read(object, "y_label", figure.y_label);
  read(object, "x_log", figure.x_log);
  read(object, "y_log", figure.y_log);
  read(object, "caption", figure.caption);
  for (const auto& series : object.value("series", json::array())) figure.series.push_back(to_series(series));
  for (const auto& line : object.value("references", json::array()))
    figure.references.push_back({to_number(line.at("y")), line.value("label", "")});
  if (const auto map = object.find("heat_map"); map != object.end()) figure.heat_map = to_heat_map(*map);
  if (const auto picture = object.find("picture"); picture != object.end()) figure.picture = to_picture(*picture);
  return figure;
}

}  // namespace

json to_json(const Figure& figure) {
  json object{{"name", io::valid_utf8(figure.name)},
              {"title", io::valid_utf8(figure.title)},
              {"x_label", io::valid_utf8(figure.x_label)},
              {"y_label", io::valid_utf8(figure.y_label)},
              {"x_log", figure.x_log},
              {"y_log", figure.y_log},
              {"caption", io::valid_utf8(figure.caption)}};
  for (const auto& series : figure.series) {
    json& entry = object["series"].emplace_back(
        json{{"name", io::valid_utf8(series.name)}, {"x", numbers(series.x)}, {"y", numbers(series.y)}});
    for (const auto& [value, name] : style_names)
      if (series.style == value) entry["style"] = name;
    if (series.colour >= 0) entry["colour"] = series.colour;
    if (!series.labels.empty()) entry["labels"] = texts(series.labels);
  }
  for (const auto& line : figure.references)
    object["references"].push_back({{"y", io::json_number(line.y)}, {"label", io::valid_utf8(line.label)}});
  if (!figure.heat_map.values.empty()) {
    json& map = object["heat_map"];
    for (const auto& row : figure.heat_map.values) map["values"].push_back(numbers(row));
    map["row_labels"] = texts(figure.heat_map.row_labels);
    map["column_labels"] = texts(figure.heat_map.column_labels);
  }
  if (!figure.picture.png.empty())
    object["picture"] = {
        {"width", figure.picture.width}, {"height", figure.picture.height}, {"png", io::base64(figure.picture.png)}};
  return object;
}

Figure figure_from_json(const json& object, const std::string& source) {
  try {
    return to_figure(object);
  } catch (const json::exception& error) {
    throw DataError(fmt::format("{}: not a figure: {}", source, error.what()));
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", source, error.what()));
  }
}

void save_figure(const Figure& figure, const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw io::file_error("make the folder", folder, error.value());
  io::write_file_atomically(folder / (figure.name + ".json"), to_json(figure).dump() + "\n");
}

Figure load_figure(const std::filesystem::path& file) {
  const json object = json::parse(io::read_whole_file(file), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) throw DataError(fmt::format("{}: not a JSON object that describes a figure", file.string()));
  Figure figure = figure_from_json(object, file.string());
  if (figure.name.empty()) figure.name = file.stem().string();
  return figure;
}

}  // namespace talweg::plot
