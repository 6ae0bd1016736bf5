#pragma once

#include <deque>

#include "optim/line_search/direction.h"

namespace talweg::optim {

struct LbfgsDirectionOptions {
  std::int64_t history = 10;
};
void declare(config::Fields& f, LbfgsDirectionOptions& o);

/// H·g with the limited-memory quasi-Newton inverse Hessian H of the last pairs s = θ_{t+1} − θ_t, y = ∇f_{t+1} − ∇f_t.
/// A pair with ⟨s, y⟩ too small to keep H positive is left out, so the direction always descends. For full batches.
/// Memory: 2·history + 2 copies of the parameters. Source: Nocedal and Wright, algorithm 7.4.
class LbfgsDirection : public DirectionRule {
 public:
  LbfgsDirection(const LbfgsDirectionOptions& options, const std::vector<at::Tensor>& parameters);
  Direction propose(const std::vector<at::Tensor>& parameters, const std::vector<at::Tensor>& gradients) override;
  void moved(const std::vector<at::Tensor>& parameters, const Direction& direction, double step) override;
  void forget() override;
  void save(OptimizerState& state) const override;
  void load(const OptimizerState& state) override;

 private:
  struct Pair {
    at::Tensor s, y;
    double inner_product;  // ⟨s, y⟩
  };
  void remember(const at::Tensor& gradient);

  LbfgsDirectionOptions options_;
  at::Device device_;
  std::deque<Pair> pairs_;
  double scale_ = 1;     // ⟨s, y⟩/⟨y, y⟩ of the newest pair
  at::Tensor gradient_;  // of the last step, flat
  at::Tensor moved_;     // θ_{t+1} − θ_t of the last step, flat; undefined when it did not move
};

}  // namespace talweg::optim
