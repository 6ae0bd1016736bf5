#include "optim/adam.h"

#include "core/libtorch.h"
#include "optim/adamw.h"

namespace talweg::optim {
namespace {

/// LibTorch's kernels of both decays take the same arguments.
using AdamKernel = void (*)(at::TensorList parameters, at::TensorList gradients, at::TensorList first,
                            at::TensorList second, at::TensorList largest_second, at::TensorList step_counts,
                            double learning_rate, double beta1, double beta2, double weight_decay, double epsilon,
                            bool amsgrad, bool maximize, const std::optional<at::Tensor>& gradient_scale,
                            const std::optional<at::Tensor>& found_infinity);
constexpr AdamKernel kernel_of(CoupledDecay) {
  return at::_fused_adam_;
}
constexpr AdamKernel kernel_of(DecoupledDecay) {
  return at::_fused_adamw_;
}

}  // namespace

template <class Decay>
void declare(config::Fields& f, AdamOptionsWith<Decay>& o) {
  f("learning_rate", o.learning_rate, "step size eta", config::above(0));
  f("beta1", o.beta1, "decay of the first moment", config::at_least(0), config::below(1));
  f("beta2", o.beta2, "decay of the second moment", config::at_least(0), config::below(1));
  f("epsilon", o.epsilon, "added to the root of the second moment", config::at_least(0));
  f("weight_decay", o.weight_decay, Decay::meaning, config::at_least(0));
  f("amsgrad", o.amsgrad, "divide by the largest second moment so far");
  f("groups", o.groups, kGroupsMeaning);
}

template <class Decay>
AdamWith<Decay>::AdamWith(ParameterList parameters, const AdamOptionsWith<Decay>& options)
    : GradientOptimizer(std::move(parameters), options.learning_rate, options.weight_decay, options.groups),
      options_(options) {
  first_ = remember("first_moment");
  second_ = remember("second_moment");
  if (options_.amsgrad) largest_second_ = remember("largest_second_moment");
  count_steps();
}

template <class Decay>
void AdamWith<Decay>::update(const ParameterGroup& group) {
  kernel_of(Decay())(group.parameters, group.gradients, group.memory(first_), group.memory(second_),
                     group.memory(largest_second_), group.step_counts, group.learning_rate, options_.beta1,
                     options_.beta2, group.weight_decay, options_.epsilon, options_.amsgrad, /*maximize=*/false,
                     /*gradient_scale=*/{}, /*found_infinity=*/{});
}

template void declare(config::Fields&, AdamOptions&);
template void declare(config::Fields&, AdamWOptions&);
template class AdamWith<CoupledDecay>;
template class AdamWith<DecoupledDecay>;

}  // namespace talweg::optim
