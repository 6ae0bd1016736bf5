#pragma once

#include <string>

#include "tasks/triplets/comparison_data.h"
#include "tasks/triplets/held_out.h"

namespace talweg::tasks {

/// A file of ratings, from which comparisons are made: of two items that a user rated differently, the better one won.
struct RatingFileOptions : HeldOutOptions {
  std::string path;
  std::string delimiter = ",";
  std::string user = "user", item = "item", rating = "rating", time = "time";
  std::int64_t training_ratings = 0;
  std::int64_t pairs_per_user = 0;
  double margin = 0;
};
void declare(config::Fields& f, RatingFileOptions& o);
void validate(const RatingFileOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Ratings are divided before pairs are made of them, so that no rating that is evaluated on has a part in a training
/// pair; of a held-out item the gain in rankings is the share of the
/// user's other held-out items that are rated lower, equal ones counting half. Of two ratings of one item by one user
/// the later line counts. Throws DataError naming file and line; and when the pairs would not fit into memory. Source:
/// Park et al. 2015 (ratings of training, and all pairs among them).
ComparisonData read_rating_csv(const RatingFileOptions& options, const RandomStreams& streams);

}  // namespace talweg::tasks
