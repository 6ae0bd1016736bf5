#include <torch/csrc/autograd/autograd.h>

#include "core/libtorch.h"
#include "core/task_objective/task_objective.h"

namespace talweg {
namespace {

/// ∇f as a function of θ that can be derived once more.
std::vector<at::Tensor> differentiable_gradient(const at::Tensor& loss, const std::vector<at::Tensor>& parameters) {
  if (!loss.requires_grad()) return std::vector<at::Tensor>(parameters.size());
  return torch::autograd::grad({loss}, parameters, {}, true, true, true);
}

/// Adds ∇⟨∇f, v⟩ to `product`.
void add_derivative_along(const std::vector<at::Tensor>& gradient, const std::vector<at::Tensor>& parameters,
                          const Direction& v, bool keep_graph, Direction& product) {
  std::vector<at::Tensor> outputs, weights;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    if (!gradient[i].defined() || !gradient[i].requires_grad()) continue;  // f is linear in this parameter
    outputs.push_back(gradient[i]);
    weights.push_back(v[i]);
  }
  if (outputs.empty()) return;
  const auto derivative = torch::autograd::grad(outputs, parameters, weights, keep_graph, false, true);
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < derivative.size(); ++i)
    if (derivative[i].defined()) product[i].add_(derivative[i]);
}

class TaskHessian : public HessianOperator {
 public:
  explicit TaskHessian(TaskObjective& objective) : objective_(objective) {
    if (objective_.is_undivided())
      objective_.for_each_loss(
          [&](const at::Tensor& loss) { gradient_ = differentiable_gradient(loss, objective_.parameters()); });
  }

  Direction times(const Direction& v) override {
    const std::vector<at::Tensor>& parameters = objective_.parameters();
    Direction product;
    for (const at::Tensor& parameter : parameters) product.push_back(at::zeros_like(parameter.detach()));
    if (objective_.is_undivided()) {
      add_derivative_along(gradient_, parameters, v, true, product);
    } else {
      objective_.for_each_loss([&](const at::Tensor& loss) {
        add_derivative_along(differentiable_gradient(loss, parameters), parameters, v, false, product);
      });
    }
    objective_.sum_over_ranks(product);
    return product;
  }

 private:
  TaskObjective& objective_;
  std::vector<at::Tensor> gradient_;  // of an undivided batch, with its graph
};

}  // namespace

std::unique_ptr<HessianOperator> TaskObjective::hessian() {
  return std::make_unique<TaskHessian>(*this);
}

}  // namespace talweg
