#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "core/config/component.h"
#include "core/random/random_streams.h"

namespace talweg::tasks {

/// Which rows of a file are kept for evaluation: any, some of every user's, or the latest.
enum class HeldOutRows { random, per_user, latest };
inline std::vector<std::pair<std::string, HeldOutRows>> choices(HeldOutRows) {
  return {{"random", HeldOutRows::random}, {"per_user", HeldOutRows::per_user}, {"latest", HeldOutRows::latest}};
}

struct HeldOutOptions {
  HeldOutRows split = HeldOutRows::random;
  double evaluation_share = 0.1;
};
void declare(config::Fields& f, HeldOutOptions& o);

/// Indices of rows, each in the order of the file.
struct HeldOutSplit {
  at::Tensor training, evaluation;  ///< int64
};

/// Divides rows whose users are `users` [m] int32. Of a user's n rows `per_user` keeps round(share·n) for evaluation,
/// but leaves one. `times` [m] are numbers or texts that sort by time, such as ISO dates; `latest` needs them of every
/// row. Throws DataError, naming `file`, when one side would be empty or times are missing.
HeldOutSplit hold_out(const HeldOutOptions& options, const at::Tensor& users, const std::vector<std::string>& times,
                      const std::string& file, const RandomStreams& streams);

}  // namespace talweg::tasks
