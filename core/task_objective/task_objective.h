#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/data/sampler.h"
#include "core/objective/objective.h"
#include "core/objective/per_example_facet.h"
#include "core/optimizer/optimizer.h"
#include "core/optimizer/step_clock.h"
#include "core/task/capabilities.h"
#include "core/task/task.h"
#include "core/task_objective/batch_sharing.h"
#include "core/task_objective/precision.h"

namespace talweg {

/// How a task's loss becomes the objective of a step.
struct ObjectiveOptions {
  Precision precision = Precision::float32;
  std::int64_t micro_batch_size = 0;  ///< examples per forward pass; 0: the whole batch at once
  std::optional<double> clip_norm;    ///< largest Euclidean norm of the gradient
  bool check_gradients = false;       ///< look for non-finite gradients, not only losses, before every update
};

/// The trainable parameters of a module, in its order.
ParameterList trainable_parameters(torch::nn::Module& module);

/// A task's mean loss over one batch, frozen: the generators are re-seeded from (seed, step, micro-batch) before each
/// pass, so noise is the same in every evaluation and a resumed run needs no generator state; batch-norm statistics
/// move exactly once per step, in the first gradient() of it.
class TaskObjective : public Objective,
                      public ValueFacet,
                      public GradientPartsFacet,
                      public CurvatureFacet,
                      public GeometryFacet,
                      public NoisyObjective,
                      public PerExampleFacet {
 public:
  /// `sharing`: who computes the batches. `data`: the examples that batches and draws are taken from, the task's
  /// training data or a part of it, which must outlive the objective.
  TaskObjective(Task& task, const ObjectiveOptions& options, const RandomStreams& streams, at::Device device,
                std::unique_ptr<BatchSharing> sharing, const data::Dataset& data);
  /// The only one to compute batches of all training data.
  TaskObjective(Task& task, const ObjectiveOptions& options, const RandomStreams& streams, at::Device device);

  /// Freezes the objective of step `step`. An empty batch has the value 0 and zero gradients. `whole_size`: examples of
  /// all ranks' parts together.
  void begin_step(std::int64_t step, data::Batch batch, std::int64_t whole_size);
  void begin_step(std::int64_t step, data::Batch batch) { begin_step(step, batch, batch.size); }

  const std::vector<at::Tensor>& parameters() const override { return tensors_; }
  ValueFacet* value_facet() override { return this; }
  GradientPartsFacet* parts_facet() override { return this; }
  CurvatureFacet* curvature_facet() override { return this; }
  /// Where the task has a natural gradient.
  GeometryFacet* geometry_facet() override { return natural_gradient_ ? this : nullptr; }
  NoisyObjective* noise_facet() override { return this; }
  PerExampleFacet* examples_facet() override { return this; }
  at::Tensor value() override;
  at::Tensor probe(double fraction) override;
  bool settle_statistics() override;
  Evaluation gradient() override;
  /// Clipping is exact for an undivided batch, and refused for a divided one.
  Evaluation stream_gradient(const std::function<void(GradientPart)>& visit) override;
  bool gradients_are_parts() const override { return sharing_->is_divided() && !options_.clip_norm; }
  Evaluation partial_gradient() override;
  void sum_over_ranks(const std::vector<at::Tensor>& tensors) override;
  /// A ray over the outputs alone when the task's model is linear in its parameters, the task's own where it knows one,
  /// and the batch is not divided.
  std::unique_ptr<Ray> along(Direction direction) override;
  /// By double backward, exact. The graph of an undivided batch is kept; of micro-batches it is built for every
  /// product. Clipping has no part in it.
  std::unique_ptr<HessianOperator> hessian() override;
  double batch_share() const override;
  double relative_precision() const override;
  /// The task's constant, where it knows one and all of its training data is used.
  std::optional<double> smoothness() override;
  /// Throws std::logic_error where geometry_facet() is null.
  Direction natural_gradient() override;
  /// The task's own observation where it is a NoisyFunction; of any other the loss of a mini-batch of this step's
  /// size that is drawn uniformly from the training data for every draw. Ranks share the work.
  NoisyValues draw(const NoisyQuery& query) override;
  NoisyLimits limits() const override;
  /// In parts of the micro-batch size. Tasks without PerExampleLosses are evaluated one example at a time.
  ClippedSum clipped_gradient(const gradient::Clipping& clipping, gradient::Backend backend) override;
  void add_known_gradient() override {}  // a loss of examples alone
  void require_separate_examples() const override;

  /// Charges the time of evaluations to it; null: nowhere. It must outlive the objective.
  void set_clock(StepClock* clock) { clock_ = clock; }

  /// Calls `visit` with the loss of every micro-batch and its graph, weighted so that over all ranks they add up to the
  /// value. Running statistics are left untouched.
  void for_each_loss(const std::function<void(const at::Tensor&)>& visit);
  /// Whether the batch is evaluated in one pass.
  bool is_undivided() const;

  /// Euclidean norm of the last gradient before clipping; undefined when it was not computed.
  const at::Tensor& gradient_norm() const { return gradient_norm_; }
  /// Why the last evaluation was not usable: "the loss is nan", "the gradient of 'x' is not finite".
  const std::string& defect() const { return defect_; }

 private:
  /// Receives the weighted loss of a micro-batch, and whether it is the last.
  using VisitLoss = std::function<void(const at::Tensor& loss, bool last)>;
  at::Tensor evaluate(const VisitLoss& visit);
  at::Tensor evaluate(const data::Batch& batch, Precision precision, const VisitLoss& visit);
  /// Losses of the examples [begin, begin + length) with their graph: [length].
  at::Tensor example_losses(std::int64_t begin, std::int64_t length);
  at::Tensor observed(data::Sampler& sampler, std::uint64_t seed);
  at::Tensor linear_gradient();
  /// This rank's part of gradient(), without clipping and checks. `before_last` is called with the loss of the last
  /// backward pass before it.
  at::Tensor evaluate_with_gradient(const std::function<void(const at::Tensor&)>& before_last = {});
  /// Value and gradient of the whole batch, without clipping and checks.
  at::Tensor evaluate_whole_gradient();
  at::Tensor partial_probe(std::int64_t length, Precision precision);
  void check_parts(const at::Tensor& squares, Evaluation& evaluation);
  /// A mean over the examples here, as its part of that over the batch.
  at::Tensor weighted(const at::Tensor& mean) const;
  double share() const { return draw_seed_ ? 1 : sharing_->share(); }
  bool loss_is_finite(const at::Tensor& loss);
  /// The part of a batch's mean that a micro-batch is.
  double share_of(const data::Batch& part, const data::Batch& batch) const;
  /// The weight of the examples, where that is not their number.
  std::optional<double> weight_of(const data::Batch& batch) const;
  bool is_linear() const;
  /// The outputs of the linear model at the parameters as they stand.
  at::Tensor outputs();
  void clip_and_check(const at::Tensor& loss, Evaluation& evaluation);

  Task& task_;
  const data::Dataset& data_;
  LinearInParameters* linear_;  // the task's capabilities, or null
  ClosedFormRays* closed_form_rays_;
  KnownSmoothness* smoothness_;
  NaturalGradient* natural_gradient_;
  WeightedExamples* weighted_examples_;
  PerExampleLosses* per_example_losses_;
  NoisyFunction* noisy_function_;
  ObjectiveOptions options_;
  RandomStreams streams_;
  at::Device device_;
  ParameterList parameters_;
  std::vector<at::Tensor> tensors_;
  std::vector<at::Tensor> buffers_;
  std::vector<at::Tensor> saved_buffers_;

  StepClock* clock_ = nullptr;
  std::unique_ptr<BatchSharing> sharing_;
  std::unique_ptr<gradient::PerExampleGradients> per_example_gradients_;  // made when first needed

  std::int64_t step_ = 0;
  data::Batch batch_;
  std::optional<std::uint64_t> draw_seed_;  // while a draw is made
  bool statistics_moved_ = false;
  bool buffers_move_ = true, buffers_are_known_ = false;  // whether some buffer is a running statistic
  at::Tensor outputs_;                                    // of a linear model, in its last evaluation
  std::vector<std::uint32_t> origin_;                     // versions of the parameters in it
  at::Tensor gradient_norm_;
  std::string defect_;
};

}  // namespace talweg
