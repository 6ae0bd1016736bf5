#include <cmath>

#include "core/device/host_read.h"
#include "core/libtorch.h"
#include "core/objective/hessian.h"
#include "core/objective/inner_product.h"
#include "core/objective/objective.h"

namespace talweg {
namespace {

class DifferenceHessian : public HessianOperator {
 public:
  explicit DifferenceHessian(Objective& objective) : objective_(objective) {
    torch::NoGradGuard no_grad;
    for (const at::Tensor& parameter : objective_.parameters()) origin_.push_back(parameter.detach().clone());
    norm_ = std::sqrt(host_read(inner_product(origin_, origin_)).front());
  }

  Direction times(const Direction& v) override {
    torch::NoGradGuard no_grad;
    const double length = std::sqrt(host_read(inner_product(v, v)).front());
    Direction product;
    for (const at::Tensor& part : v) product.push_back(at::zeros_like(part));
    if (length == 0) return product;
    std::vector<at::Tensor> earlier;
    for (const at::Tensor& parameter : objective_.parameters()) earlier.push_back(parameter.grad());
    const double h = std::cbrt(objective_.relative_precision()) * (1 + norm_) / length;
    for (const double side : {1.0, -1.0}) {
      move(v, side * h);
      objective_.gradient();
      for (std::size_t i = 0; i < product.size(); ++i) {
        const at::Tensor& gradient = objective_.parameters()[i].grad();
        if (gradient.defined()) product[i].add_(gradient, side / (2 * h));
      }
    }
    move(v, 0);
    for (std::size_t i = 0; i < earlier.size(); ++i) objective_.parameters()[i].mutable_grad() = earlier[i];
    return product;
  }

 private:
  void move(const Direction& v, double distance) {
    std::vector<at::Tensor> parameters = objective_.parameters();
    at::_foreach_copy_(parameters, origin_);
    if (distance != 0) at::_foreach_add_(parameters, v, distance);
  }

  Objective& objective_;
  std::vector<at::Tensor> origin_;
  double norm_;
};

}  // namespace

std::unique_ptr<HessianOperator> make_difference_hessian(Objective& objective) {
  return std::make_unique<DifferenceHessian>(objective);
}

}  // namespace talweg
