#include "tasks/contextual_forecast/observed_fidelity.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "core/libtorch.h"
#include "models/quantum/parameter_shift.h"
#include "models/quantum/shots.h"

namespace talweg::tasks {
namespace {

namespace quantum = models::quantum;

/// Estimates by SWAP tests of fidelities, one after the other.
at::Tensor swap_tests(const at::Tensor& fidelities, std::int64_t shots, RandomGenerator& generator) {
  at::Tensor drawn = fidelities.detach().to(at::kCPU, at::kDouble).contiguous().clone();
  double* value = drawn.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < drawn.numel(); ++i)
    value[i] = quantum::draw_swap_test(std::clamp(value[i], 0.0, 1.0), shots, generator);
  return drawn;
}

/// A value whose derivative by the angles is known.
struct WithGradient : torch::autograd::Function<WithGradient> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& angles,
                            const at::Tensor& value, const at::Tensor& gradient) {
    context->save_for_backward({gradient.to(angles.dtype())});
    return value.to(angles.dtype());
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& outer) {
    return {context->get_saved_variables()[0] * outer[0].unsqueeze(1), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor swap_tested(const at::Tensor& exact, const FidelityObservation& how) {
  if (!how.shots) return exact;
  RandomGenerator generator = RandomStreams(how.seed).generator("shots");
  const at::Tensor drawn = swap_tests(exact, *how.shots, generator).to(exact.options().requires_grad(false));
  return exact + (drawn - exact.detach());
}

at::Tensor observed_fidelity(const quantum::Simulator& simulator, const at::Tensor& angles, const LoadedRows& rows,
                             const FidelityObservation& how) {
  const bool by_adjoint =
      how.gradient == FidelityGradient::adjoint || !at::GradMode::is_enabled() || !angles.requires_grad();
  if (by_adjoint) {
    return swap_tested(quantum::fidelity(rows.target, simulator(angles, rows.in)), how);
  }
  RandomGenerator generator = RandomStreams(how.seed).generator("shots");
  const torch::NoGradGuard no_grad;
  std::vector<at::Tensor> values, gradients;
  for (std::int64_t r = 0; r < angles.size(0); ++r) {
    const at::Tensor in = rows.in.narrow(0, r, 1), target = rows.target.narrow(0, r, 1);
    const auto observe = [&](const at::Tensor& at_angles) {
      const at::Tensor exact = quantum::fidelity(target, simulator(at_angles, in)).to(at::kCPU, at::kDouble);
      return how.shots ? swap_tests(exact, *how.shots, generator) : exact;
    };
    const at::Tensor own = angles.detach()[r].to(at::kCPU, at::kDouble);
    values.push_back(observe(own.unsqueeze(0)));
    gradients.push_back(how.gradient == FidelityGradient::shift
                            ? quantum::shift_gradient(simulator.circuit(), own, observe)
                            : quantum::two_term_gradient(simulator.circuit(), own, observe));
  }
  const at::AutoGradMode with_gradient(true);
  return WithGradient::apply(angles, at::cat(values).to(angles.device()), at::stack(gradients).to(angles.device()));
}

}  // namespace talweg::tasks
