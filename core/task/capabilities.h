#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "core/data/dataset.h"
#include "core/data/sampler.h"
#include "core/metrics/progress_line.h"
#include "core/objective/noisy_objective.h"
#include "core/objective/ray.h"

namespace talweg {

// What some tasks know beyond Task. A task offers a capability by inheriting from it beside Task; the trainer's
// objective finds it there and hands it to the optimizers that can use it.

/// The model is linear in its trainable parameters, without a constant term: the loss depends on θ through outputs z =
/// A(batch)·θ alone. A line search then needs one product A·d for all of its trials.
class LinearInParameters {
 public:
  virtual ~LinearInParameters() = default;
  /// Whether the property holds for the model that was configured.
  virtual bool is_linear() const = 0;
  /// Whether the loss is a convex function of z.
  virtual bool is_convex() const = 0;
  /// z for the parameters as they stand: [n, …], examples first.
  virtual at::Tensor outputs(const data::Batch& batch) = 0;
  /// Aᵀ·r for r of the outputs' shape: the derivative of ⟨z, r⟩ by each trainable parameter, in the module's order.
  virtual std::vector<at::Tensor> pull_back(const at::Tensor& residual, const data::Batch& batch) = 0;
  /// Mean loss over the batch for each of k sets of outputs: [k, n, …] → [k]. Agrees with Task::loss.
  virtual at::Tensor losses(const at::Tensor& outputs, const data::Batch& batch) = 0;
  /// The value of losses() for one set of outputs [n, …], and its derivative by them.
  struct ValueAndResidual {
    at::Tensor value;     ///< scalar
    at::Tensor residual;  ///< [n, …]
  };
  virtual ValueAndResidual value_and_residual(const at::Tensor& outputs, const data::Batch& batch) = 0;
  /// Outputs, mean loss and gradient at the parameters as they stand. By the functions above, which read the inputs
  /// twice; a task that reads them once overrides it.
  struct Pass {
    at::Tensor outputs;
    at::Tensor value;
    std::vector<at::Tensor> gradient;  ///< one tensor per trainable parameter, in the module's order
  };
  virtual Pass pass(const data::Batch& batch) {
    Pass result;
    result.outputs = outputs(batch);
    ValueAndResidual evaluated = value_and_residual(result.outputs, batch);
    result.value = std::move(evaluated.value);
    result.gradient = pull_back(evaluated.residual, batch);
    return result;
  }
};

/// The loss along a line through the parameters is known in closed form, so that a trial of a line search needs no pass
/// over the model.
class ClosedFormRays {
 public:
  virtual ~ClosedFormRays() = default;
  /// The ray of the batch's loss from the parameters as they stand along −direction (one tensor per trainable
  /// parameter, in the module's order), float64 trials. Null where the configured model has none. `batch` outlives the
  /// ray.
  virtual std::unique_ptr<Ray> ray(const data::Batch& batch, Direction direction) = 0;
};

/// The loss of a batch is the mean of losses of its examples, each of which depends on its own example alone. Without
/// this, private training calls Task::loss with one example at a time.
class PerExampleLosses {
 public:
  virtual ~PerExampleLosses() = default;
  /// One loss per example, [n], examples in the order of the batch and first in every layer's input. Their mean is
  /// Task::loss.
  virtual at::Tensor example_losses(const data::Batch& batch) = 0;
};

/// The loss of a batch is a mean over something its examples hold different numbers of, such as the counted tokens of
/// sequences. Micro-batches are then weighted by it, so that their division does not change the loss.
class WeightedExamples {
 public:
  virtual ~WeightedExamples() = default;
  /// How many there are in the batch; ≥ 0.
  virtual double weight(const data::Batch& batch) = 0;
};

/// A bound L on the curvature of the loss over all training data is known: ‖∇²f(θ)‖ ≤ L for every θ.
class KnownSmoothness {
 public:
  virtual ~KnownSmoothness() = default;
  /// Throws ConfigError when the configured model has none.
  virtual double smoothness() = 0;
};

/// The model is a distribution whose Fisher information can be inverted in closed form.
class NaturalGradient {
 public:
  virtual ~NaturalGradient() = default;
  /// Inverse Fisher information times the gradient at the parameters as they stand, one tensor per trainable parameter.
  virtual Direction natural_gradient() = 0;
};

/// The examples of a batch belong together in a way that the task knows: its users, its pairs. A run whose
/// configuration names no sampler draws by this one.
class OwnSampler {
 public:
  virtual ~OwnSampler() = default;
  /// Throws ConfigError when data and batch size do not fit together. `plan.data` is the task's training data or a part
  /// of it.
  virtual std::unique_ptr<data::Sampler> make_sampler(const data::SamplingPlan& plan) = 0;
};

/// The task is a function of its parameters that is observed with noise: f(θ, ξ), whose mean over ξ is minimised.
/// Without this, noise comes from fresh mini-batches.
class NoisyFunction {
 public:
  virtual ~NoisyFunction() = default;
  /// One observation for each of the seeds, from which all of its randomness comes: [m, r] float64 on the CPU for
  /// `points` [m, d] float64 on the CPU (all trainable parameters flat, in the module's order) and m·r seeds, those of
  /// a point side by side. The parameters as they stand have no part in it. `step` counts the steps of the training,
  /// for functions whose parts take turns.
  virtual at::Tensor observe(const at::Tensor& points, std::span<const std::uint64_t> seeds, std::int64_t step) = 0;
  /// The budget that is left and the box of the points; none of both unless overridden.
  virtual NoisyLimits limits() const { return {}; }
};

/// The task knows when there is nothing left to do, so that a configuration need not say how long the run is.
class KnowsItsEnd {
 public:
  static constexpr const char* ability = "knows its end";
  virtual ~KnowsItsEnd() = default;
  /// Why the run is over, as a sentence; empty while it is not. Asked after every step.
  virtual std::string finished() = 0;
  /// Name and amount of the work until then, and how much of it is done: for progress.
  virtual metrics::Counted counted() const = 0;
};

/// The task answers its question in words and numbers beside its metrics: a section of the summary.
class StatesAnswer {
 public:
  virtual ~StatesAnswer() = default;
  /// Null before the first evaluation. "point" (numbers by name), "mean", "interval" (95 %, [low, high]), "evaluations"
  /// (numbers by what they were spent on), and how the report shows them (core/metrics/report_section.h).
  virtual nlohmann::json answer() const = 0;
};

/// The task keeps files of its own in the folder of its run, beside the states.
class KeepsFiles {
 public:
  virtual ~KeepsFiles() = default;
  /// Called before the first step of a session, where anything is kept.
  virtual void keep_in(const std::filesystem::path& folder) = 0;
};

/// The task is a function of which values alone are known: its loss has no gradient.
class HasNoGradient {
 public:
  static constexpr const char* ability = "has no gradient";
  virtual ~HasNoGradient() = default;
};

/// The trained model can be written in a layout that other libraries open.
class ModelExport {
 public:
  virtual ~ModelExport() = default;
  /// Writes the model as it stands as a folder in the layout of the Hugging Face library; an earlier model folder of
  /// this name is replaced, and stays whole when anything fails. Numbers are of `type`; without one, of the type in
  /// which the weights were read that training began with (float32 for new ones). Throws SystemError, ConfigError.
  virtual void write_model(const std::filesystem::path& folder, std::optional<at::ScalarType> type) = 0;
};

/// Some of the module's tensors came from files and stay as they are, such as the weights below adapters. A checkpoint
/// leaves them out and says on what it rests.
class RestingWeights {
 public:
  virtual ~RestingWeights() = default;
  /// Whether a tensor of the module rests, by its name.
  virtual bool rests(const std::string& name) const = 0;
  /// Where the resting tensors came from, for messages; empty when none rest.
  virtual std::string resting_source() const = 0;
  /// A sum over names and numbers of all that rests in the task's module, as float32 whatever it is computed in. It is
  /// computed once.
  const std::string& resting_checksum(torch::nn::Module& module) const;

 private:
  mutable std::string checksum_;
};

}  // namespace talweg
