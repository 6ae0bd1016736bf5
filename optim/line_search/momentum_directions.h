#pragma once

#include "optim/line_search/direction.h"

namespace talweg::optim {

struct HeavyBallOptions {
  double momentum = 0.6;
};
void declare(config::Fields& f, HeavyBallOptions& o);

/// Searches along the gradient; the accepted point is then carried on by μ(θ_t − θ_{t−1}). No descent is promised for
/// that last part. Source: Vaswani et al. 2019, section on acceleration.
class HeavyBallDirection : public DirectionRule {
 public:
  HeavyBallDirection(const HeavyBallOptions& options, const std::vector<at::Tensor>& parameters);
  Direction propose(const std::vector<at::Tensor>& parameters, const std::vector<at::Tensor>& gradients) override;
  void moved(const std::vector<at::Tensor>& parameters, const Direction& direction, double step) override;
  void save(OptimizerState& state) const override;
  void load(const OptimizerState& state) override;

 private:
  HeavyBallOptions options_;
  std::vector<at::Tensor> current_, previous_;  // θ_t, θ_{t−1}
};

struct NesterovOptions {};
void declare(config::Fields& f, NesterovOptions& o);

/// Searches along the gradient to y_t, then θ ← (1 − τ)y_t + τ·y_{t−1} with λ ← (1 + √(1 + 4λ²))/2, τ = (1 − λ_old)/λ ≤
/// 0. Source: Vaswani et al. 2019, section on acceleration.
class NesterovDirection : public DirectionRule {
 public:
  NesterovDirection(const NesterovOptions& options, const std::vector<at::Tensor>& parameters);
  Direction propose(const std::vector<at::Tensor>& parameters, const std::vector<at::Tensor>& gradients) override;
  void moved(const std::vector<at::Tensor>& parameters, const Direction& direction, double step) override;
  void save(OptimizerState& state) const override;
  void load(const OptimizerState& state) override;

 private:
  std::vector<at::Tensor> previous_;  // y_{t−1}
  double lambda_ = 1;
};

}  // namespace talweg::optim
