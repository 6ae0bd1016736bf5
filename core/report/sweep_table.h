#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/report/run.h"

namespace talweg::report {

/// One row per run: its name, the configuration keys that differ, its status, and its measured
/// numbers.
struct SweepTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  size_t first_number = 0;  ///< columns from here on hold numbers
};

/// The best value of the metric that each summary.json names, and the last value of the eval/
/// metrics (of all metrics when no run has any).
SweepTable make_sweep_table(const std::vector<Run>& runs);

/// The table of make_sweep_table() as aligned plain text for a terminal, the best run first where one metric decides,
/// and mean and spread over seeds where configurations have several. Throws DataError when a path is not a run
/// directory.
std::string sweep_table(const std::vector<std::filesystem::path>& run_directories);

}  // namespace talweg::report
