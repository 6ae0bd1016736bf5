#pragma once

#include <string>
#include <string_view>

#include "core/data/labelled_data.h"

namespace talweg::data {

/// Which labels a CIFAR file has: CIFAR-10 one byte a record, CIFAR-100 a coarse and a fine one.
enum class CifarLabels { ten, hundred_coarse, hundred_fine };
inline std::vector<std::pair<std::string, CifarLabels>> choices(CifarLabels) {
  return {{"ten", CifarLabels::ten},
          {"hundred_coarse", CifarLabels::hundred_coarse},
          {"hundred_fine", CifarLabels::hundred_fine}};
}

/// Images from CIFAR's binary format (Krizhevsky 2009): records of the label bytes and 3·32·32 bytes, red plane first.
/// Inputs [n, 3, 32, 32] in [0, 1]. Throws DataError for a length that is no number of records, or a label out of
/// range.
LabelledData parse_cifar(std::string_view bytes, const std::string& name, CifarLabels labels);

/// Several files of one data set, one after the other. They have the same classes.
LabelledData concatenate(const std::vector<LabelledData>& parts);

}  // namespace talweg::data
