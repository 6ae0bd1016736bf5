#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace talweg::metrics {

/// Named scalars measured after one optimizer step. Names are `group/metric`, e.g. "train/loss",
/// "eval/accuracy"; "step", "seconds" and "epoch" are reserved. Values may be NaN or infinite.
struct Record {
  int64_t step = 0;    ///< optimizer steps done so far, ≥ 0
  double seconds = 0;  ///< training time so far, earlier sessions of a resumed run included
  double epoch = 0;    ///< passes over the training data so far, fractional
  std::vector<std::pair<std::string, double>> values;

  bool operator==(const Record&) const = default;
};

}  // namespace talweg::metrics

namespace talweg {

/// Values measured at one moment, by name.
using Metrics = std::vector<std::pair<std::string, double>>;

}  // namespace talweg
