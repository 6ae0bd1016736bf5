#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/objective/ray.h"

namespace talweg {

/// Who computes the batch of a step: this process alone (WholeBatch), or the ranks of a run, each a part of it
/// (DataParallel). A loss of this process counts with share(), and what all of them have is summed.
class BatchSharing {
 public:
  /// Runs the passes of a step, and calls `last`, unless it is empty, with the loss of the last backward pass before
  /// that pass. Returns the sum of the weighted losses here: a scalar.
  using Evaluate = std::function<at::Tensor(const std::function<void(const at::Tensor&)>& last)>;

  virtual ~BatchSharing() = default;

  /// Before the evaluations of a step: `own` of the `examples` of the batch are here. `weight`: what they count for in
  /// the mean over the batch, where that is not their number.
  virtual void begin_step(std::int64_t own, std::int64_t examples, std::optional<double> weight) = 0;
  /// The factor on a mean loss over the examples here; 1 where the batch is whole.
  virtual double share() const = 0;
  /// Examples of the batch, over all processes.
  virtual std::int64_t examples() const = 0;
  /// Of the process that has most.
  virtual std::int64_t largest_part() const = 0;
  /// Whether no process is without an example.
  virtual bool all_have_examples() const = 0;
  /// Where the example `i` of this process stands in the batch.
  virtual std::int64_t place_of(std::int64_t i) const = 0;
  /// The share of `own` in `whole`, or, where that is not known, in the sum over the processes; 0 when that is 0.
  virtual double share_of(double own, std::optional<std::int64_t> whole) = 0;
  /// Whether a gradient made here is a part of the batch's.
  virtual bool is_divided() const = 0;
  /// Whether piece `i` of work that each process could do alone falls to this one.
  virtual bool is_mine(std::int64_t i) const = 0;

  /// Σ over processes of a scalar that has been weighted.
  virtual at::Tensor sum(const at::Tensor& value) = 0;
  /// Σ over processes, in place.
  virtual void sum(const std::vector<at::Tensor>& tensors) = 0;
  /// The entries of all processes in the order of the batch's examples: [own] → [examples].
  virtual at::Tensor assemble(const at::Tensor& own) = 0;

  /// Makes and sums the gradients of a step, which may overlap. Returns what `evaluate` returns.
  virtual at::Tensor with_summed_gradients(const Evaluate& evaluate) = 0;
  /// Gives every parameter a gradient, zero where it has none, and sums them. For gradients made without autograd.
  virtual void sum_gradients() = 0;
  /// Gives every parameter a gradient, zero where it has none.
  virtual void complete_gradients() = 0;
  /// The ray of the whole batch, from that of the part that is here.
  virtual std::unique_ptr<Ray> whole_ray(std::unique_ptr<Ray> part) = 0;
};

/// A batch that one process computes.
class WholeBatch : public BatchSharing {
 public:
  void begin_step(std::int64_t own, std::int64_t, std::optional<double>) override { examples_ = own; }
  double share() const override { return 1; }
  std::int64_t examples() const override { return examples_; }
  std::int64_t largest_part() const override { return examples_; }
  bool all_have_examples() const override { return examples_ > 0; }
  std::int64_t place_of(std::int64_t i) const override { return i; }
  double share_of(double own, std::optional<std::int64_t>) override { return own > 0 ? 1 : 0; }
  bool is_divided() const override { return false; }
  bool is_mine(std::int64_t) const override { return true; }
  at::Tensor sum(const at::Tensor& value) override { return value; }
  void sum(const std::vector<at::Tensor>&) override {}
  at::Tensor assemble(const at::Tensor& own) override { return own; }
  at::Tensor with_summed_gradients(const Evaluate& evaluate) override { return evaluate({}); }
  void sum_gradients() override {}
  void complete_gradients() override {}
  std::unique_ptr<Ray> whole_ray(std::unique_ptr<Ray> part) override { return part; }

 private:
  std::int64_t examples_ = 0;
};

}  // namespace talweg
