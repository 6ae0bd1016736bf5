#include "core/objective/stream_gradients.h"

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include "core/libtorch.h"

namespace talweg {
namespace {

/// What autograd calls when the gradient of a parameter has been accumulated.
class Hook : public torch::autograd::PostAccumulateGradHook {
 public:
  Hook(std::size_t parameter, bool whole, const std::function<void(GradientPart)>& visit)
      : parameter_(parameter), whole_(whole), visit_(visit) {}

  void operator()(const torch::autograd::Variable& tensor) override {
    torch::NoGradGuard no_grad;
    at::Tensor gradient = std::move(tensor.mutable_grad());
    tensor.mutable_grad() = at::Tensor();
    visit_({parameter_, std::move(gradient), whole_});
  }

 private:
  std::size_t parameter_;
  bool whole_;
  const std::function<void(GradientPart)>& visit_;
};

/// Hooks on parameters while it lives.
class HookScope {
 public:
  HookScope(const std::vector<at::Tensor>& parameters, bool whole, const std::function<void(GradientPart)>& visit)
      : parameters_(parameters) {
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      torch::autograd::impl::set_post_acc_grad_hooks(parameters_[i], std::make_unique<Hook>(i, whole, visit));
  }
  ~HookScope() {
    for (const at::Tensor& parameter : parameters_) torch::autograd::impl::set_post_acc_grad_hooks(parameter, nullptr);
  }
  HookScope(const HookScope&) = delete;
  HookScope& operator=(const HookScope&) = delete;

 private:
  const std::vector<at::Tensor>& parameters_;
};

}  // namespace

Evaluation stream_gradients(const std::vector<at::Tensor>& parameters, bool whole,
                            const std::function<void(GradientPart)>& visit,
                            const std::function<Evaluation()>& evaluate) {
  for (const at::Tensor& parameter : parameters) parameter.mutable_grad() = at::Tensor();
  Evaluation evaluation;
  {
    const HookScope hooks(parameters, whole, visit);
    evaluation = evaluate();
  }
  hand_out_gradients(parameters, visit);
  return evaluation;
}

void hand_out_gradients(const std::vector<at::Tensor>& parameters, const std::function<void(GradientPart)>& visit) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    at::Tensor gradient = parameters[i].grad();
    if (!gradient.defined()) continue;
    parameters[i].mutable_grad() = at::Tensor();
    visit({i, std::move(gradient), true});
  }
}

}  // namespace talweg
