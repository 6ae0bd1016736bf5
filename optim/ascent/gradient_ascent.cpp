#include "optim/ascent/gradient_ascent.h"

#include "core/libtorch.h"

namespace talweg::optim {

void declare(config::Fields& f, GradientAscentOptions& o) {
  f("rho", o.rho, "length of the perturbation at which the gradient is taken", config::at_least(0));
  f("adaptive", o.adaptive,
    "measure the perturbation relative to the size of each parameter (ASAM; rho is then larger)");
  f("norm", o.norm, "rho is the length of the perturbation of all parameters together, or of each tensor");
}

void GradientAscent::restore() {
  if (displaced_) about_.restore();
  displaced_ = false;
}

AscentReport GradientAscent::climb(Objective& objective, std::int64_t) {
  AscentReport report;
  if (options_.rho == 0) return report;
  const Evaluation evaluation = objective.gradient();
  report.forwards = report.backwards = 1;
  report.loss = evaluation.value;
  if (!evaluation.usable) return report;
  torch::NoGradGuard no_grad;
  about_.begin();
  displaced_ = true;
  const std::vector<at::Tensor>& parameters = about_.parameters();
  std::vector<at::Tensor> gradients, scaled;
  for (const at::Tensor& parameter : parameters) {
    gradients.push_back(parameter.grad().defined() ? parameter.grad() : at::zeros_like(parameter));
    scaled.push_back(options_.adaptive ? gradients.back() * parameter.abs() : gradients.back());
  }
  std::vector<at::Tensor> norms = at::_foreach_norm(scaled);
  const at::Tensor all = at::linalg_vector_norm(at::stack(norms));
  about_.leave();
  constexpr double kTiny = 1e-30;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const at::Tensor factor = options_.rho / (options_.norm == NormScope::all ? all : norms[i]).clamp_min(kTiny);
    const at::Tensor& point = about_.point()[i];
    at::Tensor parameter = parameters[i];
    at::addcmul_out(parameter, point, options_.adaptive ? scaled[i] * point.abs() : gradients[i], factor);
  }
  report.estimate_norm = all;
  return report;
}

}  // namespace talweg::optim
