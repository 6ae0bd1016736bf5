#include "optim/ascent/zeroth_order_ascent.h"

#include <cmath>

#include "core/libtorch.h"

namespace talweg::optim {

void declare(config::Fields& f, ZerothOrderOptions& o) {
  f("rho", o.rho, "length of the perturbation at which the gradient is taken, in the weights' unit; 0: none",
    config::at_least(0));
  declare(f, o.probe);
  f("norm", o.norm, "rho is the length of the perturbation of all matrices together, or of each");
}

ZerothOrderAscent::ZerothOrderAscent(std::vector<at::Tensor> parameters, std::unique_ptr<ProbeDirections> directions,
                                     const ZerothOrderOptions& options)
    : options_(options), directions_(std::move(directions)), about_(std::move(parameters)) {}

void ZerothOrderAscent::restore() {
  if (displaced_) about_.restore();
  displaced_ = false;
}

AscentReport ZerothOrderAscent::climb(Objective& objective, std::int64_t step) {
  AscentReport report;
  if (options_.rho == 0 || about_.parameters().empty()) return report;
  torch::NoGradGuard no_grad;
  about_.begin();
  displaced_ = true;
  Slopes slopes;
  try {
    directions_->begin_step(step, options_.probe.probes);
    slopes = probe_slopes(objective, *directions_, about_, options_.probe);
  } catch (...) {
    restore();
    throw;
  }
  report.forwards = slopes.forwards;
  report.slopes = slopes.values;
  double squares = 0;
  for (const double slope : slopes.values) squares += slope * slope;
  const double norm = std::sqrt(squares);
  if (!slopes.finite || !std::isfinite(norm)) {
    ++failures_;
    restore();
    return report;
  }
  if (slopes.whole_batch)
    report.loss = at::scalar_tensor(slopes.loss, objective.parameters().front().options().requires_grad(false));
  if (norm == 0) {
    restore();
    return report;
  }
  const auto count = static_cast<double>(slopes.values.size());
  if (slopes.values.size() == 1) {
    // The parameters stand at ±μP already.
    const double sign = slopes.values.front() > 0 ? 1 : -1;
    report.estimate_norm =
        about_.set_length(options_.rho, sign * slopes.last_sign, options_.norm) * (norm / options_.probe.mu);
  } else {
    std::vector<double> weights;
    for (const double slope : slopes.values) weights.push_back(slope / norm);
    directions_->place(about_, weights);
    report.estimate_norm = about_.set_length(options_.rho, 1, options_.norm) * (norm / count);
  }
  return report;
}

}  // namespace talweg::optim
