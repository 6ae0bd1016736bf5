#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/claims/changes.h"
#include "core/claims/moment.h"
#include "core/claims/rate.h"
#include "core/config/fields.h"
#include "core/metrics/record.h"

namespace talweg {

/// A statement a configuration makes about its own outcome.
struct Expectation {
  std::string claim;
  std::string metric;
  Moment at;
  std::optional<double> value;
  std::string tolerance = "0";
  std::optional<double> at_least;
  std::optional<double> at_most;
  std::optional<Rate> below, above;  ///< the whole curve stays on one side of a rate
  Changes turns;                     ///< with them the claim does not hold
  std::string source;
};
void declare(config::Fields& f, Expectation& o);
void validate(const Expectation& o, const config::Value& where, config::Diagnostics& diagnostics);

/// An expectation with what came out.
struct Verdict {
  Expectation expectation;
  std::string expected;  ///< "0.2797 ± 3%", "≥ 0.95"
  std::optional<double> got;
  std::string got_text;  ///< with as many digits as the comparison needs; "not measured"
  bool met = false;
};

/// Compares an expectation with the records of a run. A metric that was not recorded is not met. Of a rate the worst
/// quotient of value and rate is what was got.
Verdict judge(const Expectation& expectation, const std::vector<metrics::Record>& records);

/// Compares an expectation with the median of the values that several runs of one configuration (a sweep over seeds)
/// give it.
Verdict judge_median(const Expectation& expectation, const std::vector<std::vector<metrics::Record>>& runs);

}  // namespace talweg
