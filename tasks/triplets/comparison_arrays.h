#pragma once

#include <string>

#include "tasks/triplets/comparison_data.h"

namespace talweg::tasks {

struct ComparisonArraysOptions {
  std::string path;
  std::int64_t evaluation_comparisons = 100000;
  std::int64_t sample = 300000;
};
void declare(config::Fields& f, ComparisonArraysOptions& o);

/// Comparisons in a folder of one-dimensional NumPy files of equal length: users.npy, winners.npy and losers.npy, whole
/// numbers from 0 on, possibly labels.npy and weights.npy; user_ids.txt and item_ids.txt may name them, one id a line.
/// They stay on the disk and are read once from end to end before training, which checks and counts them. Throws
/// DataError: missing files, unequal lengths, fewer ids than numbers, and as read_rows() does.
ComparisonData read_comparison_arrays(const ComparisonArraysOptions& options, const RandomStreams& streams);

}  // namespace talweg::tasks
