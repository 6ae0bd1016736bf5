#include "optim/derivative_free/stars.h"

#include <cmath>

#include "core/libtorch.h"
#include "optim/derivative_free/frame.h"
#include "optim/derivative_free/quotients.h"

namespace talweg::optim {

void declare(config::Fields& f, StarsOptions& o) {
  f("noise", o.noise, "sigma: standard deviation of an observation", config::above(0));
  f("smoothness", o.smoothness, "L: largest curvature of the function", config::above(0));
}

void Stars::advance(Observer& observer, StepReport& report) {
  if (!observer.affords(2)) {
    report.status = StepStatus::out_of_evaluations;
    return;
  }
  const auto d = static_cast<double>(observer.dimension());
  const double sigma = options_.noise, smoothness = options_.smoothness;
  const double mu = std::pow(8 * sigma * sigma * d / (smoothness * smoothness * std::pow(d + 6, 3)), 0.25);
  report.step_size = learning_rate() / (4 * smoothness * (d + 4));
  report.scalars = {{"perturbation", mu}};
  const Frame frame = Frame::gaussian(1, observer.dimension(), step_streams().generator("directions"));
  const at::Tensor slope = forward_quotients(observer, observer.here(), frame, mu, 1);
  if (!observer.all_finite()) {
    report.skipped();
    return;
  }
  const at::Tensor gradient = frame.combine({slope.const_data_ptr<double>(), 1});
  move_to(observer, at::sub(observer.here(), gradient, report.step_size));
}

}  // namespace talweg::optim
