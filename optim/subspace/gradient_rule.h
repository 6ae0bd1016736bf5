#pragma once

#include "optim/subspace/moment_rule.h"

namespace talweg::optim {

struct GradientRuleOptions {};
inline void declare(config::Fields&, GradientRuleOptions&) {}

/// N is the gradient itself: no memory. Projected descent, and with `residual: raw` at scale 1 plain descent.
class GradientRule : public MomentRule {
 public:
  void add(const std::string&, const at::Tensor&) override {}
  void advance() override { ++steps_; }
  void negative_direction(std::size_t index, const at::Tensor& gradient, at::Tensor& direction) override;
  void update(const std::vector<std::size_t>& indices, const std::vector<at::Tensor>& parameters,
              const std::vector<at::Tensor>& gradients, double learning_rate, double weight_decay) override;
  void transport(std::size_t, const BasisChange&) override {}
  void save(OptimizerState& state) const override { state.values["steps"] = steps_; }
  void load(const OptimizerState& state) override;

 private:
  std::int64_t steps_ = 0;
};

}  // namespace talweg::optim
