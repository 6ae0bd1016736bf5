#pragma once

#include <string>

#include "tasks/triplets/comparison_data.h"
#include "tasks/triplets/held_out.h"

namespace talweg::tasks {

/// Files whose records are "user prefers winner to loser".
struct ComparisonFileOptions : HeldOutOptions {
  std::string path, evaluation_path;
  std::string user = "user", winner = "winner", loser = "loser";
};
void declare(config::Fields& f, ComparisonFileOptions& o);

struct ComparisonCsvOptions : ComparisonFileOptions {
  std::string delimiter = ",";
};
void declare(config::Fields& f, ComparisonCsvOptions& o);
void validate(const ComparisonCsvOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Beside the three fields a record may have "label" (how far the winner was preferred, in [0, 1]; 1), "tie" (whether
/// neither was: a label of ½), "weight" (≥ 0; weights are divided by their mean) and "time". Throws DataError naming
/// file and line: an item that is compared with itself, labels outside [0, 1], weights that are no numbers or all zero.
ComparisonData read_comparison_csv(const ComparisonCsvOptions& options, const RandomStreams& streams);
ComparisonData read_comparison_json(const ComparisonFileOptions& options, const RandomStreams& streams);

}  // namespace talweg::tasks
