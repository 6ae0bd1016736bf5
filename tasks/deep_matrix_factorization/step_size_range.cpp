#include "tasks/deep_matrix_factorization/step_size_range.h"

namespace talweg::tasks {

void declare(config::Fields& f, StepSizeRange& o) {
  f("from", o.from, "smallest step size", config::above(0));
  f("to", o.to, "largest step size", config::above(0));
  f("count", o.count, "how many, evenly spaced", config::at_least(2), config::at_most(1000000));
}

void validate(const StepSizeRange& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.to <= o.from) diagnostics.error(where.where, "'to' must be larger than 'from'");
}

}  // namespace talweg::tasks
