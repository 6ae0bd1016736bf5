#pragma once

#include "optim/line_search/direction.h"

namespace talweg::optim {

struct AdamDirectionOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};
void declare(config::Fields& f, AdamDirectionOptions& o);

/// Searches along P⁻¹g with P = √v̂ + ε from the running mean v of squared gradients, so the slope is ⟨g, P⁻¹g⟩; the
/// accepted step is then taken along P⁻¹m with the running mean m of gradients instead. Source: AdaSLS (Galli et al.
/// 2023).
class AdamDirection : public DirectionRule {
 public:
  AdamDirection(const AdamDirectionOptions& options, const std::vector<at::Tensor>& parameters);
  Direction propose(const std::vector<at::Tensor>& parameters, const std::vector<at::Tensor>& gradients) override;
  void moved(const std::vector<at::Tensor>& parameters, const Direction& direction, double step) override;
  void save(OptimizerState& state) const override;
  void load(const OptimizerState& state) override;

 private:
  AdamDirectionOptions options_;
  std::int64_t steps_ = 0;
  std::vector<at::Tensor> mean_, square_;   // m, v
  std::vector<at::Tensor> preconditioner_;  // P of this step
};

}  // namespace talweg::optim
