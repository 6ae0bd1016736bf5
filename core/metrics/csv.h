#pragma once

#include <string>
#include <vector>

#include "core/metrics/record.h"

namespace talweg::metrics {

/// Records as a table of comma-separated values: a row a step, columns `step`, `epoch`, `seconds` and every metric in
/// order of appearance; a cell is empty where the metric was not recorded. Records of one step share a row. Names with
/// commas or quotes are quoted.
std::string csv_of(const std::vector<Record>& records);

}  // namespace talweg::metrics
