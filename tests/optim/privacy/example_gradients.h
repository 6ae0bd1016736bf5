#pragma once

#include "core/libtorch.h"
#include "core/objective/objective.h"
#include "core/objective/per_example_facet.h"

namespace talweg::optim {

/// An objective whose gradients of single examples are what the test says, wherever the parameters stand.
class ExampleGradients : public PlainObjective, public PerExampleFacet {
 public:
  /// `gradients`: [batch, numel of the parameter].
  ExampleGradients(const at::Tensor& parameter, const at::Tensor& gradients)
      : parameters_{parameter}, gradients_{gradients} {}
  /// `batch` examples with gradients of ones for every parameter.
  ExampleGradients(const std::vector<at::Tensor>& parameters, std::int64_t batch) : parameters_(parameters) {
    for (const at::Tensor& p : parameters)
      gradients_.push_back(at::ones({batch, p.numel()}, p.options().requires_grad(false)));
  }

  const std::vector<at::Tensor>& parameters() const override { return parameters_; }
  at::Tensor value() override { throw std::logic_error("a private optimizer asked for the loss"); }
  Evaluation gradient() override { throw std::logic_error("a private optimizer asked for the mean gradient"); }
  PerExampleFacet* examples_facet() override { return this; }
  void require_separate_examples() const override {}
  void add_known_gradient() override {}
  ClippedSum clipped_gradient(const gradient::Clipping& clipping, gradient::Backend) override {
    torch::NoGradGuard no_grad;
    std::vector<at::Tensor> squares;
    for (const at::Tensor& g : gradients_) squares.push_back(g.square().sum(1));
    const at::Tensor factors = clipping.factors(at::stack(squares));
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      parameters_[i].mutable_grad() = gradients_[i].t().mv(factors[0]).view(parameters_[i].sizes()).clone();
    return {at::zeros({}), at::stack(squares).sum(0).sqrt(), gradients_[0].size(0), true};
  }

 private:
  std::vector<at::Tensor> parameters_, gradients_;
};

}  // namespace talweg::optim
