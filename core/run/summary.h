#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "core/claims/expectation.h"
#include "core/run/run_header.h"
#include "core/run/run_outcome.h"

namespace talweg {

/// "completed", "interrupted", "failed".
const char* name_of(RunStatus status);

/// Contents of summary.json: how it ended, its counts, the last value of every metric, the best one, what was
/// stated about it, and what became of its expectations.
nlohmann::json summarize(const RunHeader& header, const RunOutcome& outcome, const std::vector<Verdict>& verdicts);

}  // namespace talweg
