#include "core/train/diagnostics_options.h"

namespace talweg {

void declare(config::Fields& f, DiagnosticsOptions& o) {
  f("sharpness", o.sharpness, "largest eigenvalues of the Hessian of the training loss, by Lanczos' method");
  f("step_time", o.step_time,
    "metrics time/probe, backward, refresh, projection, update: milliseconds of a step's parts; a GPU is waited for at "
    "each, which slows the steps");
}

}  // namespace talweg
