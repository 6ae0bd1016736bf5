#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/config/component.h"
#include "core/data/dataset.h"
#include "core/metrics/record.h"
#include "core/plot/figure.h"
#include "core/random/random_streams.h"
#include "core/run/text_samples.h"

namespace talweg {

/// Where and how precisely a task computes.
struct TaskContext {
  at::Device device;
  at::ScalarType dtype;  ///< of parameters and inputs: float32 or float64
  RandomStreams streams;
};

/// A learning problem: data, model, loss and evaluation, behind one interface. A task knows nothing of optimizers,
/// steps, files or ranks.
class Task {
 public:
  virtual ~Task() = default;

  /// The model. Its parameters with requires_grad are trained, its parameters and buffers are saved.
  virtual torch::nn::Module& module() = 0;

  virtual const data::Dataset& training_data() const = 0;

  /// Mean loss over a batch of the training data: a scalar of at least float32. Noise comes from LibTorch's default
  /// generators, which the trainer seeds. `batch` has at least one example.
  virtual at::Tensor loss(const data::Batch& batch) = 0;

  /// Metrics of the model as it stands ("loss", "accuracy", …) on the evaluation data, most telling last.
  /// Called in evaluation mode without gradients.
  virtual Metrics evaluate() = 0;

  /// Pictures of the model as it stands, for the report.
  virtual std::vector<plot::Figure> figures() { return {}; }

  /// Text the model as it stands writes, for the report: shown as it was before training and as it is after. Called in
  /// evaluation mode without gradients.
  virtual std::vector<TextSample> samples() { return {}; }

  /// Tokens that an example holds, for the speed that is shown; 0 where examples are no texts.
  virtual double tokens_per_example() const { return 0; }

  /// Settings with which a step takes less memory, as configuration ("'task.x: true'"); empty when there is nothing.
  virtual std::string memory_advice() const { return ""; }

  /// Uses that the task made of its examples beside handing them out in batches (statistics, names of classes), each as
  /// a whole sentence with what to do where that must not be private: for the statement of private training. A task
  /// that does not override it is said to say nothing, which is no promise that there is nothing.
  virtual std::vector<std::string> uses_of_data() const {
    return {"The task does not say what else it makes of its examples (statistics, names of classes, a vocabulary)."};
  }

  /// A sentence that should be known before training begins; empty when there is nothing to say.
  virtual std::string announcement() const { return ""; }

  /// Pictures of what was recorded on the way, in order of steps.
  virtual std::vector<plot::Figure> figures_over_time(const std::vector<metrics::Record>&) { return {}; }
};

/// The kind of component that `task:` chooses. LibTorch's generator is seeded from the stream "initialisation" before.
struct TaskKind {
  static constexpr const char* name = "task";
  using Signature = std::unique_ptr<Task>(const TaskContext&);
};

}  // namespace talweg
