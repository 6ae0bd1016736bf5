#include "core/data/csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/config/diagnostics.h"
#include "core/data/delimited_rows.h"
#include "core/data/numbers.h"
#include "core/error.h"
#include "core/io/closest_word.h"
#include "core/libtorch.h"

namespace talweg::data {
namespace {

class CsvReader {
 public:
  CsvReader(std::string_view text, std::string name, const CsvOptions& options)
      : rows_(text, name, options.delimiter), name_(std::move(name)), options_(options) {
    rows_.skip_lines(options_.skip_lines);
  }

  LabelledData read() {
    rows_.require_utf8();
    std::vector<std::string> fields;
    if (!rows_.next(fields)) throw DataError(fmt::format("{}: holds no data", name_));
    columns_ = fields.size();
    if (columns_ < 2)
      rows_.fail(fmt::format("has one column; a label and at least one feature are needed (is the delimiter '{}'?)",
                             options_.delimiter));
    std::vector<std::string> header;
    if (options_.header == CsvHeader::present ||
        (options_.header == CsvHeader::automatic && looks_like_header(fields))) {
      header = fields;
      fields.clear();
    }
    label_column_ = find_label(header);
    const std::vector<std::size_t> features = find_features(header);
    std::vector<float> values;
    std::vector<std::string> labels;
    for (bool more = header.empty() || rows_.next(fields); more; more = rows_.next(fields)) {
      if (fields.size() != columns_)
        rows_.fail(fmt::format("has {} fields, the lines before have {}", fields.size(), columns_));
      if (fields[label_column_].empty()) rows_.fail("the label is missing");
      labels.push_back(fields[label_column_]);
      for (const std::size_t column : features) values.push_back(number(fields[column], column, header));
    }
    if (labels.empty()) throw DataError(fmt::format("{}: holds a header and no data", name_));
    LabelledData data;
    const auto rows = static_cast<std::int64_t>(labels.size());
    data.inputs =
        at::tensor(at::ArrayRef<float>(values), at::kFloat).view({rows, static_cast<std::int64_t>(columns_) - 1});
    std::tie(data.targets, data.class_names) = index_labels(labels);
    if (header.empty()) return data;
    for (const std::size_t column : features) data.layout.columns.push_back(header[column]);
    data.layout.label = header[label_column_];
    return data;
  }

 private:
  /// A header has at least one field besides the label's possible places that is no number.
  static bool looks_like_header(const std::vector<std::string>& fields) {
    float ignored = 0;
    const auto words =
        std::count_if(fields.begin(), fields.end(), [&](const std::string& f) { return !read_finite(f, ignored); });
    return words == static_cast<std::ptrdiff_t>(fields.size()) || words > 1;
  }

  std::size_t find_label(const std::vector<std::string>& header) const {
    if (!header.empty() && !options_.like.label.empty()) return column_named(options_.like.label, header);
    if (options_.label == "last") return columns_ - 1;
    if (options_.label == "first") return 0;
    const auto named = std::find(header.begin(), header.end(), options_.label);
    if (named != header.end()) return static_cast<std::size_t>(named - header.begin());
    std::size_t column = 0;
    const char* end_of_text = options_.label.data() + options_.label.size();
    const auto [end, status] = std::from_chars(options_.label.data(), end_of_text, column);
    if (status == std::errc() && end == end_of_text && column < columns_) return column;
    throw DataError(fmt::format("{}: there is no label column '{}' among {} columns{}", name_, options_.label, columns_,
                                header.empty() ? "" : io::suggestion(options_.label, header)));
  }

  std::size_t column_named(const std::string& wanted, const std::vector<std::string>& header) const {
    const auto found = std::find(header.begin(), header.end(), wanted);
    if (found == header.end())
      throw DataError(fmt::format("{}: has no column '{}', which the training file has{}", name_, wanted,
                                  io::suggestion(wanted, header)));
    return static_cast<std::size_t>(found - header.begin());
  }

  /// The columns of the features, in their order.
  std::vector<std::size_t> find_features(const std::vector<std::string>& header) const {
    std::vector<std::size_t> features;
    if (options_.like.columns.empty() || header.empty()) {
      for (std::size_t column = 0; column < columns_; ++column)
        if (column != label_column_) features.push_back(column);
      if (!options_.like.columns.empty() && features.size() != options_.like.columns.size())
        throw DataError(fmt::format("{}: has {} features, {} were expected ({})", name_, features.size(),
                                    options_.like.columns.size(), fmt::join(options_.like.columns, ", ")));
      return features;
    }
    for (const std::string& wanted : options_.like.columns) features.push_back(column_named(wanted, header));
    for (std::size_t column = 0; column < columns_; ++column)
      if (column != label_column_ && std::find(features.begin(), features.end(), column) == features.end())
        throw DataError(fmt::format("{}: has a column '{}' that the training file has not", name_, header[column]));
    return features;
  }

  float number(const std::string& field, std::size_t column, const std::vector<std::string>& header) const {
    float value = 0;
    if (read_finite(field, value)) return value;
    const std::string where =
        header.empty() ? fmt::format("column {}", column) : fmt::format("column {} ({})", column, header[column]);
    rows_.fail(field.empty() ? fmt::format("{}: the value is missing", where)
                             : fmt::format("{}: '{}' is not a finite number", where, field.substr(0, 40)));
  }

  DelimitedRows rows_;
  std::string name_;
  CsvOptions options_;
  std::size_t columns_ = 0;
  std::size_t label_column_ = 0;
};

}  // namespace

LabelledData parse_csv(std::string_view text, const std::string& name, const CsvOptions& options) {
  return CsvReader(text, name, options).read();
}

}  // namespace talweg::data
