#include "core/study/study_config.h"

namespace talweg {

void declare(config::Fields& f, StudyConfig& o) {
  declare(f, static_cast<RunHeader&>(o));
  f("study", o.study, "what is computed, in place of 'task' and 'optimizer'", config::required());
  f("evaluate_every", o.evaluate_every, "steps of a study between two evaluations (default: the study's own)",
    config::at_least(1));
  f("checkpoint", o.checkpoint, "how often the state is saved and what is kept");
  f("expect", o.expect, "what the run should show; checked by 'talweg reproduce' and shown in the report");
}

void validate(const StudyConfig& o, const config::Value& where, config::Diagnostics& diagnostics) {
  validate(static_cast<const RunHeader&>(o), where, diagnostics);
}

}  // namespace talweg
