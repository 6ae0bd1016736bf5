#include "core/objective/ridge_objective.h"

#include "core/device/host_read.h"
#include "core/libtorch.h"
#include "core/objective/inner_product.h"

namespace talweg {
namespace {

class RidgeRay : public Ray {
 public:
  RidgeRay(std::unique_ptr<Ray> inner, double strength, const std::vector<at::Tensor>& theta,
           const Direction& direction)
      : inner_(std::move(inner)), strength_(strength) {
    products_ = host_read(
        at::stack({inner_product(theta, theta), inner_product(theta, direction), inner_product(direction, direction)}));
  }

  std::vector<double> values(std::span<const double> step_sizes) override {
    std::vector<double> values = inner_->values(step_sizes);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double eta = step_sizes[i];
      values[i] += strength_ / 2 * (products_[0] - 2 * eta * products_[1] + eta * eta * products_[2]);
    }
    return values;
  }
  std::size_t block_size() const override { return inner_->block_size(); }
  bool is_convex() const override { return inner_->is_convex(); }
  void accept(double step_size) override { inner_->accept(step_size); }
  std::int64_t forwards() const override { return inner_->forwards(); }

 private:
  std::unique_ptr<Ray> inner_;
  double strength_;
  std::vector<double> products_;  // ⟨θ, θ⟩, ⟨θ, d⟩, ⟨d, d⟩
};

class RidgeHessian : public HessianOperator {
 public:
  RidgeHessian(std::unique_ptr<HessianOperator> inner, double strength)
      : inner_(std::move(inner)), strength_(strength) {}
  Direction times(const Direction& v) override {
    torch::NoGradGuard no_grad;
    Direction product = inner_->times(v);
    for (std::size_t i = 0; i < product.size(); ++i) product[i] = product[i].add(v[i], strength_);
    return product;
  }

 private:
  std::unique_ptr<HessianOperator> inner_;
  double strength_;
};

}  // namespace

at::Tensor RidgeObjective::with_penalty(const at::Tensor& value) const {
  torch::NoGradGuard no_grad;
  return value + (strength_ / 2 * inner_product(parameters(), parameters())).to(value.scalar_type());
}

at::Tensor RidgeObjective::value() {
  return with_penalty(inner_.value());
}

at::Tensor RidgeObjective::probe(double fraction) {
  return with_penalty(inner_.probe(fraction));
}

Evaluation RidgeObjective::gradient() {
  Evaluation evaluation = inner_.gradient();
  if (!evaluation.usable) return evaluation;
  torch::NoGradGuard no_grad;
  evaluation.value = with_penalty(evaluation.value);
  for (const at::Tensor& parameter : parameters()) {
    at::Tensor& gradient = parameter.mutable_grad();
    gradient = gradient.defined() ? gradient.add_(parameter.detach(), strength_) : parameter.detach() * strength_;
  }
  return evaluation;
}

std::unique_ptr<HessianOperator> RidgeObjective::hessian() {
  return std::make_unique<RidgeHessian>(inner_.hessian(), strength_);
}

std::optional<double> RidgeObjective::smoothness() {
  CurvatureFacet* inner = inner_.curvature_facet();
  const std::optional<double> constant = inner ? inner->smoothness() : std::nullopt;
  return constant ? std::optional(*constant + strength_) : std::nullopt;
}

NoisyValues RidgeObjective::draw(const NoisyQuery& query) {
  NoisyValues observed = inner_.draw(query);
  observed.values += strength_ / 2 * query.points.square().sum(1, /*keepdim=*/true);
  return observed;
}

NoisyLimits RidgeObjective::limits() const {
  return inner_.noisy_limits();
}

std::unique_ptr<Ray> RidgeObjective::along(Direction direction) {
  torch::NoGradGuard no_grad;
  std::vector<at::Tensor> theta;
  for (const at::Tensor& parameter : parameters()) theta.push_back(parameter.detach());
  auto inner = inner_.along(direction);
  return std::make_unique<RidgeRay>(std::move(inner), strength_, theta, direction);
}

}  // namespace talweg
