#pragma once

#include <functional>

#include "core/objective/objective.h"

namespace talweg {

/// A LibTorch loss closure (zero the gradients, forward, backward, return the loss) as an Objective, so that every
/// optimizer works in a plain LibTorch program. Random generators of the CPU and of the parameters' device are
/// rewound between evaluations, so the noise is frozen; running statistics belong to a module this object does not know
/// and are not.
class ClosureObjective : public PlainObjective, private GradientPartsFacet {
 public:
  using Closure = std::function<at::Tensor()>;

  ClosureObjective(std::vector<at::Tensor> parameters, Closure closure);
  /// Leaves the generators as they were after the first evaluation.
  ~ClosureObjective() override;

  const std::vector<at::Tensor>& parameters() const override { return parameters_; }
  /// Calls the closure; the gradients it leaves are dropped and the earlier ones kept.
  at::Tensor value() override;
  Evaluation gradient() override;
  GradientPartsFacet* parts_facet() override { return this; }
  /// A closure may accumulate over several backward passes; nobody knows how many.
  Evaluation stream_gradient(const std::function<void(GradientPart)>& visit) override;

 private:
  bool gradients_are_parts() const override { return false; }
  Evaluation partial_gradient() override { return gradient(); }
  void sum_over_ranks(const std::vector<at::Tensor>&) override {}
  at::Tensor evaluate();

  std::vector<at::Tensor> parameters_;
  Closure closure_;
  std::vector<at::Generator> generators_;
  std::vector<at::Tensor> states_before_;  // of the generators, before the first evaluation
  std::vector<at::Tensor> states_after_;   // and after it
};

}  // namespace talweg
