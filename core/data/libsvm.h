#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/data/labelled_data.h"

namespace talweg::data {

struct LibsvmOptions {
  std::int64_t features = 0;                           ///< number of features; 0: the largest index in the file
  std::int64_t largest_bytes = std::int64_t{8} << 30;  ///< of the dense matrix that is made
  std::optional<std::int64_t> index_base = {};  ///< what indices count from, 0 or 1; absent: 0 when the file uses it
};

/// Examples from LIBSVM's text format, "label index:value index:value …" a line, '#' starts a comment. Indices count
/// from `index_base`; where that is not given from 1, or from 0 when the file uses 0 (scikit-learn's habit), and the
/// layout says which, for further files of the same data. They increase within a line; features that are not named are
/// 0. The result is dense. Throws DataError naming file:line: malformed pairs, indices that do not increase, lie below
/// the base or exceed `features`, non-finite values, no data, more than `largest_bytes`.
LabelledData parse_libsvm(std::string_view text, const std::string& name, const LibsvmOptions& options = {});

}  // namespace talweg::data
