#pragma once

#include <optional>
#include <vector>

#include "core/claims/expectation.h"
#include "core/run/run_header.h"
#include "core/run/run_options.h"
#include "core/study/study.h"

namespace talweg {

/// A configuration file that holds a study, after parsing.
struct StudyConfig : RunHeader {
  config::Component<StudyKind> study;
  std::optional<std::int64_t> evaluate_every;
  SavingOptions checkpoint;
  std::vector<Expectation> expect;
};
void declare(config::Fields& f, StudyConfig& o);
void validate(const StudyConfig& o, const config::Value& where, config::Diagnostics& diagnostics);

}  // namespace talweg
