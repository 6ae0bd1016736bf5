#pragma once

#include <deque>
#include <vector>

#include "optim/line_search/direction.h"

namespace talweg::optim {

struct LbfgsDirectionOptions {
  std::int64_t history = 10;
};
void declare(config::Fields& f, LbfgsDirectionOptions& o);

/// H·g with the limited-memory quasi-Newton inverse Hessian H of the last pairs s = θ_{t+1} − θ_t, y = ∇f_{t+1} − ∇f_t.
/// A pair with ⟨s, y⟩ too small to keep H positive is left out, so the direction always descends. For full batches.
/// The two-loop recursion runs on the host, on coefficients of the pairs and the gradient with their Gram matrix: two
/// products with the basis and one read per step, whatever the history. Memory: 2·history + 4 copies of the parameters.
/// Source: Nocedal and Wright, algorithm 7.4; the vector-free form is of Chen, Wang and Zhou 2014.
class LbfgsDirection : public DirectionRule {
 public:
  LbfgsDirection(const LbfgsDirectionOptions& options, const std::vector<at::Tensor>& parameters);
  Direction propose(const std::vector<at::Tensor>& parameters, const std::vector<at::Tensor>& gradients) override;
  void moved(const std::vector<at::Tensor>& parameters, const Direction& direction, double step) override;
  void forget() override;
  void save(OptimizerState& state) const override;
  void load(const OptimizerState& state) override;

 private:
  /// Rows of the basis that belong to a slot.
  struct Rows {
    std::int64_t s, y;
  };
  Rows rows_of(std::int64_t slot) const { return {slot, slots_ + slot}; }
  double& gram(std::int64_t a, std::int64_t b) { return gram_[static_cast<std::size_t>(a * 2 * slots_ + b)]; }
  /// Writes the last step's pair into the slot that is free and returns it; −1 when there was no step.
  std::int64_t write_pair(const at::Tensor& gradient);
  /// Takes the pair in when its curvature is positive; the oldest one may have to go.
  void take_in(std::int64_t slot);
  /// ⟨g, row⟩ for every row of the basis; brings the Gram matrix up to date.
  std::vector<double> project(const at::Tensor& gradient, std::int64_t new_slot);

  LbfgsDirectionOptions options_;
  at::Device device_;
  std::int64_t slots_;              // history + 1: one is free
  at::Tensor basis_;                // [2·slots, parameters]: the s of every slot, then the y
  std::vector<double> gram_;        // inner products of its rows
  std::deque<std::int64_t> pairs_;  // slots of the remembered pairs, oldest first
  at::Tensor gradient_;             // of the last step, flat
  at::Tensor moved_;                // θ_{t+1} − θ_t of the last step, flat; undefined when it did not move
};

}  // namespace talweg::optim
