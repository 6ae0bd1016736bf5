#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "core/io/file_fingerprint.h"

namespace talweg::tasks {

/// What is known about users or items beside their comparisons.
struct Features {
  std::vector<std::string> names;  ///< of the columns
  at::Tensor values;               ///< [ids, features] float64; every column has mean 0 and deviation 1 over its ids
  std::int64_t missing = 0;        ///< ids without a row in the file: zeros
  std::int64_t unknown = 0;        ///< rows of ids that are not asked for
};

/// Reads delimited text whose header names an id and numeric columns. Throws DataError naming file and line: no header,
/// fields that are no numbers, an id twice, a column that is constant.
Features read_features(const std::string& path, const std::vector<std::string>& ids, io::FileFingerprints& files);

}  // namespace talweg::tasks
