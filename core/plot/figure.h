#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace talweg::plot {

/// How a series is drawn. In JSON: "line", "points", "dashed", "faint".
enum class SeriesStyle {
  line,
  points,
  dashed,  ///< a reference or second-rank curve
  faint,   ///< raw noisy values behind their smoothed curve; absent from the legend
};

struct Series {
  std::string name;
  std::vector<double> x, y;  ///< same length; non-finite values leave a gap
  SeriesStyle style = SeriesStyle::line;
  int colour = -1;                       ///< place in the palette (8 colours, then they repeat); -1: the series' own
                                         ///< place in the figure
  std::vector<std::string> labels = {};  ///< written beside the points; as many as points, or none
};

/// A horizontal line at a known value: a bound, a baseline, a value from a paper.
struct ReferenceLine {
  double y = 0;
  std::string label;
};

/// Values as coloured cells: a confusion matrix, attention weights. Row 0 is at the top.
struct HeatMap {
  std::vector<std::vector<double>> values;             ///< rows of equal length; non-finite cells stay empty
  std::vector<std::string> row_labels, column_labels;  ///< as many as rows and columns, or empty
};

/// A picture that is no plot: what a camera or a map shows.
struct Picture {
  std::string png;  ///< the bytes of a PNG file; empty: none
  int width = 0, height = 0;
};

/// The data behind one plot; `figures/*.json` of a run directory hold these. A figure has series or
/// a heat map or a picture.
struct Figure {
  std::string name;   ///< file name without .json, unique in a run
  std::string title;  ///< plain text, as are all labels: nothing in them is interpreted
  std::string x_label, y_label;
  bool x_log = false, y_log = false;  ///< values ≤ 0 are then left out
  std::vector<Series> series;
  std::vector<ReferenceLine> references;
  HeatMap heat_map;
  Picture picture;
  std::string caption;  ///< a sentence or two: what to see
};

/// JSON with the member names above; absent members have the defaults above, numbers that are
/// not finite are "nan", "inf" and "-inf".
nlohmann::json to_json(const Figure& figure);

/// Throws DataError saying what is wrong with `json`; `source` names where it is from.
Figure figure_from_json(const nlohmann::json& json, const std::string& source);

/// Writes `folder/<name>.json` atomically, making the folder. Throws SystemError.
void save_figure(const Figure& figure, const std::filesystem::path& folder);

/// Throws DataError when the file is missing or is not a figure.
Figure load_figure(const std::filesystem::path& file);

}  // namespace talweg::plot
