#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/triplets/comparison_data.h"
#include "tasks/triplets/held_out.h"
#include "tasks/triplets/id_dictionary.h"

namespace talweg::tasks {

/// Comparisons as they are collected from a file.
struct ComparisonColumns {
  std::vector<std::int32_t> users, first, second;
  std::vector<double> labels, weights;
  std::vector<std::string> times;  ///< empty where the file has none

  void add(std::int32_t user, std::int32_t winner, std::int32_t loser, double label, double weight = 1);
  Triplets triplets() const;
};

/// Divides the comparisons of one file, or takes those of a second for evaluation; sorts both by user, divides weights
/// by their mean over the training comparisons, and leaves weights out that are all equal. `evaluation` is empty where
/// there is no second file.
void divide_comparisons(const ComparisonColumns& all, const ComparisonColumns& evaluation,
                        const HeldOutOptions& options, const std::string& file, const RandomStreams& streams,
                        ComparisonData& data);

/// Throws DataError when no comparisons were read from the file.
void require_comparisons(const ComparisonColumns& columns, const std::string& file);

}  // namespace talweg::tasks
