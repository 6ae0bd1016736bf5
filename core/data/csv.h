#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/data/labelled_data.h"

namespace talweg::data {

enum class CsvHeader { automatic, present, absent };
inline std::vector<std::pair<std::string, CsvHeader>> choices(CsvHeader) {
  return {{"automatic", CsvHeader::automatic}, {"present", CsvHeader::present}, {"absent", CsvHeader::absent}};
}

struct CsvOptions {
  char delimiter = ',';
  CsvHeader header = CsvHeader::automatic;  ///< automatic: a first line with a field that is no number, label aside
  std::string label = "last";               ///< "last", "first", a column number from 0, or a name from the header
  std::int64_t skip_lines = 0;              ///< lines before the header or the data
  FileLayout like = {};                     ///< of the file whose columns these are; empty: as they stand in this one
};

/// Examples from delimited text: one label column, all others finite numbers. Fields may be quoted with " (doubled
/// inside), lines may end with CRLF, a UTF-8 byte order mark and empty lines are passed over.
/// With `like`, label and features are found by name, wherever they stand; a file without a header is taken by
/// position. The layout of the result names the columns, for further files of the same data. Throws DataError naming
/// file:line (and column): ragged lines, missing or non-numeric fields, an unknown label column, columns that are
/// missing or that `like` does not name, no data.
LabelledData parse_csv(std::string_view text, const std::string& name, const CsvOptions& options);

}  // namespace talweg::data
