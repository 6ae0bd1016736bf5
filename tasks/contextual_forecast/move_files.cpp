#include "tasks/contextual_forecast/move_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/data/delimited_rows.h"
#include "core/data/numbers.h"
#include "core/error.h"
#include "core/files/read_file.h"
#include "core/io/closest_word.h"

namespace talweg::tasks {
namespace {

bool is_missing_price(const std::string& field) {
  return field.empty() || field == "nan" || field == "NaN" || field == "NA" || field == "null";
}

/// Whether the text is a day as 2020-01-31, possibly with a time behind it.
bool is_iso_day(const std::string& text) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return false;
  return std::all_of(text.begin(), text.begin() + 10, [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
}

/// Columns of these names, each told where it was asked for; without names, all of `known`.
std::vector<std::size_t> chosen_columns(const TickerList& wanted, const std::vector<std::string>& known,
                                        const std::string& what, const std::string& path) {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < wanted.names.size(); ++i) {
    const auto found = std::find(known.begin(), known.end(), wanted.names[i]);
    if (found == known.end()) {
      const std::string sentence =
          fmt::format("'{}' has no {} '{}'{}", path, what, wanted.names[i], io::suggestion(wanted.names[i], known));
      config::fail(i < wanted.where.size() ? wanted.where[i] : config::Location{}, sentence);
    }
    const auto column = static_cast<std::size_t>(found - known.begin());
    if (std::find(columns.begin(), columns.end(), column) != columns.end())
      config::fail(wanted.where[i], fmt::format("'{}' is named twice", wanted.names[i]));
    columns.push_back(column);
  }
  if (columns.empty())
    for (std::size_t i = 0; i < known.size(); ++i) columns.push_back(i);
  return columns;
}

std::vector<std::string> read_header(data::DelimitedRows& rows, std::size_t least, const std::string& path) {
  rows.require_utf8();
  std::vector<std::string> header;
  if (!rows.next(header)) throw DataError(fmt::format("{}: is empty", path));
  if (header.size() < least)
    rows.fail(
        fmt::format("the header has {} column(s); a column of days and one per ticker are needed", header.size()));
  return header;
}

}  // namespace

void declare(config::Fields& f, PriceCsvOptions& o) {
  f("path", o.path, "file, plain or gzip: a header, a column of days (2020-01-31), a column of prices per ticker",
    config::required());
  f("tickers", o.tickers, "the assets, by the names of their columns (default: all)");
  f("from", o.from, "first day, as 1990-01-31 (default: the file's)");
  f("to", o.to, "last day (default: the file's)");
  f("missing", o.missing, "days on which a chosen asset has no price: left out, or with the price of the day before");
}

MoveData read_price_csv(const PriceCsvOptions& o) {
  const std::string bytes = io::read_file(o.path);
  data::DelimitedRows rows(bytes, o.path, ',');
  std::vector<std::string> header = read_header(rows, 2, o.path);
  const std::vector<std::string> known(header.begin() + 1, header.end());
  const std::vector<std::size_t> columns = chosen_columns(o.tickers, known, "ticker", o.path);
  MoveData data;
  PriceSeries prices;
  prices.values.resize(columns.size());
  for (const std::size_t column : columns) data.assets.push_back(known[column]);
  std::vector<std::string> fields;
  std::string before;
  std::vector<double> last(columns.size(), NAN), now(columns.size());
  while (rows.next(fields)) {
    if (fields.size() != header.size())
      rows.fail(fmt::format("has {} fields, the header {}", fields.size(), header.size()));
    if (!is_iso_day(fields[0])) rows.fail(fmt::format("'{}' is no day written as 2020-01-31", fields[0]));
    if (fields[0] <= before) rows.fail(fmt::format("{} stands behind {}; days ascend", fields[0], before));
    before = fields[0];
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string& field = fields[columns[i] + 1];
      now[i] = NAN;
      if (is_missing_price(field)) continue;
      if (!data::read_finite(field, now[i]) || !(now[i] > 0))
        rows.fail(fmt::format("{}: '{}' is no price above zero", data.assets[i], field));
    }
    if ((!o.from.empty() && fields[0] < o.from) || (!o.to.empty() && fields[0].substr(0, o.to.size()) > o.to)) continue;
    if (o.missing == MissingPrices::carry)
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (std::isnan(now[i])) now[i] = last[i];
        last[i] = now[i];
      }
    if (std::any_of(now.begin(), now.end(), [](double price) { return std::isnan(price); })) continue;
    prices.days.push_back(fields[0]);
    for (std::size_t i = 0; i < columns.size(); ++i) prices.values[i].push_back(now[i]);
  }
  if (prices.days.empty())
    throw DataError(
        fmt::format("{}: no day between '{}' and '{}' has prices of all chosen tickers", o.path, o.from, o.to));
  data.content = std::move(prices);
  data.files.push_back(io::fingerprint_of(o.path));
  return data;
}

void declare(config::Fields& f, SymbolCsvOptions& o) {
  f("path", o.path, "file, plain or gzip: a header, then a row per time with a symbol 0, 1, … in every column",
    config::required());
  f("columns", o.columns, "the sequences, by the names of their columns (default: all)");
}

MoveData read_symbol_csv(const SymbolCsvOptions& o) {
  const std::string bytes = io::read_file(o.path);
  data::DelimitedRows rows(bytes, o.path, ',');
  const std::vector<std::string> header = read_header(rows, 1, o.path);
  const std::vector<std::size_t> columns = chosen_columns(o.columns, header, "column", o.path);
  MoveData data;
  SymbolSeries series;
  series.symbols.resize(columns.size());
  for (const std::size_t column : columns) data.assets.push_back(header[column]);
  std::vector<std::string> fields;
  while (rows.next(fields)) {
    if (fields.size() != header.size())
      rows.fail(fmt::format("has {} fields, the header {}", fields.size(), header.size()));
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string& field = fields[columns[i]];
      std::int64_t symbol = -1;
      const auto [end, status] = std::from_chars(field.data(), field.data() + field.size(), symbol);
      if (status != std::errc() || end != field.data() + field.size() || symbol < 0)
        rows.fail(fmt::format("{}: '{}' is no symbol 0, 1, 2, …", data.assets[i], field));
      series.symbols[i].push_back(symbol);
    }
  }
  if (series.symbols.front().empty()) throw DataError(fmt::format("{}: holds no symbols", o.path));
  data.content = std::move(series);
  data.files.push_back(io::fingerprint_of(o.path));
  return data;
}

}  // namespace talweg::tasks
