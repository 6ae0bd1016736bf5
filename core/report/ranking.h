#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/report/run.h"

namespace talweg::report {

/// The metric by which runs chose their best checkpoint, and by which they are compared.
struct DecidingMetric {
  std::string name;  ///< "eval/accuracy"
  bool larger_is_better = false;
};

/// The one that all runs share; nothing where they differ in it or have none, as studies.
std::optional<DecidingMetric> deciding_metric(const std::vector<Run>& runs);

/// A run with its best value of the deciding metric.
struct RankedRun {
  size_t run = 0;     ///< place in the list of runs
  double value = 0;   ///< NaN where the run has none
  int64_t step = -1;  ///< at which it was reached; −1: unknown
};

/// All runs, the best first; runs without a finite value come last, in their order.
std::vector<RankedRun> ranking(const std::vector<Run>& runs, const DecidingMetric& metric);

/// Runs of one configuration that differ in nothing but the seed.
struct SeedGroup {
  std::string label;         ///< what sets the group apart: "optimizer.learning_rate=0.1"; may be empty
  std::vector<size_t> runs;  ///< places in the list of runs
  double mean = 0;           ///< of the best values of the deciding metric
  double deviation = 0;      ///< sample standard deviation; NaN for one run
  double low = 0, high = 0;
};

/// The groups, the best mean first; none unless at least one of them has several runs with finite values.
std::vector<SeedGroup> seed_groups(const std::vector<Run>& runs, const DecidingMetric& metric);

/// Which run won: the best one in a sentence, all in order of the deciding metric, and mean and spread over seeds; as
/// HTML. Empty for a single run.
std::string ranking_section(const std::vector<Run>& runs);

/// Whether a key of a configuration names the run or describes it instead of changing what it computes.
bool names_the_run(const std::string& key);

}  // namespace talweg::report
