#include "optim/gradient_descent.h"

#include "core/libtorch.h"
#include "core/objective/inner_product.h"

namespace talweg::optim {
namespace {

/// Evaluates, and on success moves by −step·direction(report).
template <class Move>
StepReport evaluate_and_move(Objective& objective, Move&& move) {
  const Evaluation evaluation = objective.gradient();
  StepReport report = report_of(evaluation, 0);
  if (report.was_skipped()) return report;
  torch::NoGradGuard no_grad;
  report.step_size = move();
  return report;
}

}  // namespace

void declare(config::Fields&, SmoothGradientDescentOptions&) {}

SmoothGradientDescent::SmoothGradientDescent(ParameterList parameters, const SmoothGradientDescentOptions&)
    : Optimizer(std::move(parameters), 1) {}

StepReport SmoothGradientDescent::step(Objective& objective) {
  if (smoothness_ == 0) smoothness_ = objective.smoothness();
  return evaluate_and_move(objective, [&] {
    const double step = learning_rate() / smoothness_;
    std::vector<at::Tensor> parameters = tensors();
    at::_foreach_add_(parameters, gradients(), -step);
    return step;
  });
}

void declare(config::Fields& f, NormalizedGradientDescentOptions& o) {
  f("learning_rate", o.learning_rate, "length eta of every step", config::above(0));
}

NormalizedGradientDescent::NormalizedGradientDescent(ParameterList parameters,
                                                     const NormalizedGradientDescentOptions& options)
    : GradientOptimizer(std::move(parameters), options.learning_rate) {}

void NormalizedGradientDescent::prepare(const std::vector<at::Tensor>& gradients) {
  inverse_norm_ = inner_product(gradients, gradients).rsqrt();
}

void NormalizedGradientDescent::update(const ParameterGroup& group) {
  // At a stationary point there is no direction to go.
  const at::Tensor scale = at::nan_to_num(inverse_norm_ * -group.learning_rate, 0, 0, 0);
  at::_foreach_add_(group.parameters,
                    at::_foreach_mul(group.gradients, scale.to(group.gradients.front().scalar_type())));
}

void declare(config::Fields& f, NaturalGradientDescentOptions& o) {
  f("learning_rate", o.learning_rate, "step size eta", config::above(0));
}

NaturalGradientDescent::NaturalGradientDescent(ParameterList parameters, const NaturalGradientDescentOptions& options)
    : Optimizer(std::move(parameters), options.learning_rate) {}

StepReport NaturalGradientDescent::step(Objective& objective) {
  return evaluate_and_move(objective, [&] {
    const Direction direction = objective.natural_gradient();
    std::vector<at::Tensor> parameters = tensors();
    at::_foreach_add_(parameters, direction, -learning_rate());
    return learning_rate();
  });
}

}  // namespace talweg::optim
