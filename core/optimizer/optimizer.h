#pragma once

#include <ATen/core/Tensor.h>
#include <torch/optim/optimizer.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/component.h"
#include "core/objective/objective.h"
#include "core/parameter_list.h"

namespace talweg {

enum class StepStatus {
  accepted,
  skipped_non_finite,  ///< loss or gradient was not finite; parameters and state are untouched
  search_failed,       ///< no trial was accepted; parameters are untouched
  converged,           ///< gradient zero, or progress below the precision of the parameters
  out_of_evaluations,  ///< the budget of evaluations that is left does not pay for a step; parameters are untouched
};

/// Report of one step; the trainer logs it, no optimizer prints.
struct StepReport {
  at::Tensor loss;  ///< before the step; scalar, possibly still being computed on the device
  double step_size = 0;
  std::int64_t forwards = 0;   ///< forward passes over the batch, those of `backwards` included
  std::int64_t backwards = 0;  ///< backward passes over the batch
  StepStatus status = StepStatus::accepted;
  std::vector<std::pair<std::string, double>> scalars;  ///< anything else worth a curve

  /// Whether the evaluation was not usable, so that the optimizer must leave parameters and state as they are.
  bool was_skipped() const { return status == StepStatus::skipped_non_finite; }
  /// This report, of a step that was not made as something is not finite.
  StepReport skipped() {
    status = StepStatus::skipped_non_finite;
    return *this;
  }
};

/// The report of a step that is made from one gradient(): its loss, one forward and one backward pass, and
/// `skipped_non_finite` when it is not usable.
StepReport report_of(const Evaluation& evaluation, double step_size);

/// Everything an optimizer remembers between steps. Plain tensors by name, and small values as JSON.
struct OptimizerState {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  nlohmann::json values = nlohmann::json::object();

  /// The tensor called `name`. Throws DataError when it is missing or has another shape than `like`.
  const at::Tensor& require(const std::string& name, const at::Tensor& like) const;
};

/// Base of Talweg's optimizers. It is a torch::optim::Optimizer, so a plain LibTorch program uses it with a closure;
/// the trainer calls step(Objective&), which is where an optimizer is implemented.
class Optimizer : public torch::optim::Optimizer {
 public:
  /// One parameter group with the given learning rate (0 for optimizers that search their step).
  /// Throws c10::ValueError when there is no parameter.
  Optimizer(ParameterList parameters, double learning_rate);

  /// One step on a frozen objective whose parameters are this optimizer's, in order.
  virtual StepReport step(Objective& objective) = 0;

  /// LibTorch's own interface: `closure` zeroes the gradients, computes the loss, calls backward() and returns the
  /// loss.
  at::Tensor step(LossClosure closure) final;

  /// The state with which a run continues bit for bit.
  virtual OptimizerState state_dict() const = 0;
  /// Takes over a saved state. Throws DataError naming what is missing or mis-shaped.
  virtual void load_state_dict(const OptimizerState& state) = 0;

  /// Multiplies the learning rate (for optimizers that search: the largest trial step) from the next step on.
  void set_schedule_factor(double factor) { schedule_factor_ = factor; }

  /// η where a step is θ − η∇f and nothing else, for what is known about such steps.
  virtual std::optional<double> descent_step() const { return std::nullopt; }

  const ParameterList& named_parameters() const { return named_parameters_; }

 protected:
  /// Learning rate of the parameter group times the schedule's factor.
  double learning_rate() const;
  const std::vector<at::Tensor>& tensors() const { return tensors_; }
  /// The gradients, in the order of tensors(). An undefined gradient is returned as zeros.
  const std::vector<at::Tensor>& gradients();

 private:
  ParameterList named_parameters_;
  std::vector<at::Tensor> tensors_;
  std::vector<at::Tensor> gradients_;
  double schedule_factor_ = 1;
};

/// The kind of component that `optimizer:` chooses.
struct OptimizerKind {
  static constexpr const char* name = "optimizer";
  using Signature = std::unique_ptr<Optimizer>(const ParameterList&);
};

}  // namespace talweg
