#pragma once

#include "optim/subspace/moment_rule.h"

namespace talweg::optim {

struct AdamRuleOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-6;
};
void declare(config::Fields& f, AdamRuleOptions& o);

/// N = m̂/(√v̂ + ε) with decoupled weight decay: Adam's direction, in one fused pass. The count of steps is not reset
/// when a subspace changes. Source: Kingma and Ba 2015; the defaults are GaLore's.
class AdamRule : public MomentRule {
 public:
  explicit AdamRule(const AdamRuleOptions& options) : options_(options) {}

  void add(const std::string& name, const at::Tensor& like) override;
  void advance() override;
  void negative_direction(std::size_t index, const at::Tensor& gradient, at::Tensor& direction) override;
  void update(const std::vector<std::size_t>& indices, const std::vector<at::Tensor>& parameters,
              const std::vector<at::Tensor>& gradients, double learning_rate, double weight_decay) override;
  void transport(std::size_t index, const BasisChange& change) override;
  void save(OptimizerState& state) const override;
  void load(const OptimizerState& state) override;

 private:
  AdamRuleOptions options_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> first_, second_;
  std::int64_t steps_ = 0;
  at::Tensor step_count_;  // steps_ as the scalar that the kernel reads
};

}  // namespace talweg::optim
