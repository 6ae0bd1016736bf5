#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/libtorch.h"

namespace talweg::optim {

/// The problems that every optimizer is run on: a start and a differentiable function of it.
struct Problem {
  std::string name;
  std::vector<double> start;
  std::function<at::Tensor(const at::Tensor&)> loss;
  double minimum;
};

inline const std::vector<Problem>& problems() {
  static const std::vector<Problem> list = {
      {"sphere", {1, -2, 3}, [](const at::Tensor& x) { return x.pow(2).sum(); }, 0},
      {"ill_conditioned", {1, 1}, [](const at::Tensor& x) { return 0.5 * (x[0].pow(2) + 100 * x[1].pow(2)); }, 0},
      {"rosenbrock",
       {-1.2, 1},
       [](const at::Tensor& x) { return 100 * (x[1] - x[0].pow(2)).pow(2) + (1 - x[0]).pow(2); },
       0},
      {"logistic",
       {0, 0},
       [](const at::Tensor& x) {
         const at::Tensor points =
             at::tensor({1.0, 2.0, -1.0, 0.5, 0.3, -1.0, -2.0, 0.1}).view({4, 2}).to(x.scalar_type());
         const at::Tensor labels = at::tensor({1.0, 1.0, -1.0, -1.0}).to(x.scalar_type());
         return at::softplus(-labels * points.mv(x)).mean() + 0.01 * x.pow(2).sum();
       },
       0.272344241440}};
  return list;
}

/// A parameter at the problem's start and the closure that LibTorch's optimizers take.
struct Instance {
  at::Tensor parameter;
  std::function<at::Tensor()> closure;
};
inline Instance instantiate(const Problem& problem, at::ScalarType type) {
  at::Tensor parameter = at::tensor(at::ArrayRef<double>(problem.start)).to(type).requires_grad_(true);
  return {parameter, [parameter, &problem]() mutable {
            parameter.mutable_grad() = at::Tensor();
            at::Tensor loss = problem.loss(parameter);
            loss.backward();
            return loss;
          }};
}

}  // namespace talweg::optim
