#pragma once

#include <functional>
#include <map>
#include <vector>

#include "core/libtorch.h"
#include "core/objective/objective.h"

namespace talweg::optim {

/// A function of the parameters as an objective that counts what it is asked, and answers what a test wants it to.
class FunctionObjective : public PlainObjective {
 public:
  using Function = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

  FunctionObjective(std::vector<at::Tensor> parameters, Function function)
      : parameters_(std::move(parameters)), function_(std::move(function)) {}

  const std::vector<at::Tensor>& parameters() const override { return parameters_; }

  at::Tensor value() override {
    torch::NoGradGuard no_grad;
    const auto forged = forged_values.find(values++);
    if (forged != forged_values.end()) return at::full({}, forged->second, parameters_.front().options());
    const at::Tensor value = function_(parameters_);
    any_graph |= value.requires_grad();
    return value;
  }

  Evaluation gradient() override {
    const torch::AutoGradMode with_graph(true);
    ++gradients;
    for (at::Tensor& parameter : parameters_) parameter.mutable_grad() = at::Tensor();
    at::Tensor value = function_(parameters_);
    value.backward();
    if (forged_gradient) parameters_.front().mutable_grad().fill_(*forged_gradient);
    return {forged_loss ? at::full_like(value, *forged_loss) : value.detach()};
  }

  std::map<int, double> forged_values;  ///< what the n-th call of value() answers instead, from 0
  std::optional<double> forged_loss, forged_gradient;
  int values = 0, gradients = 0;  ///< evaluations without and with gradient
  bool any_graph = false;         ///< a trial has built a graph

 private:
  std::vector<at::Tensor> parameters_;
  Function function_;
};

inline at::Tensor parameter(const std::vector<double>& values, at::ScalarType type = at::kDouble) {
  return at::tensor(at::ArrayRef<double>(values), at::kDouble).to(type).requires_grad_(true);
}

}  // namespace talweg::optim
