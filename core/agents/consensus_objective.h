#pragma once

#include "core/agents/consensus.h"
#include "core/objective/objective.h"
#include "core/objective/per_example_facet.h"

namespace talweg::agents {

/// What an agent minimises: its own objective f, times a factor, and the term T of its consensus. The consensus sees
/// every gradient of f before T is added. T is a parabola along any ray and knows no example: line searches keep their
/// rays, and private optimizers add it to the gradient that they have made private.
class ConsensusObjective : public Objective,
                           private ValueFacet,
                           private CurvatureFacet,
                           private NoisyObjective,
                           private PerExampleFacet {
 public:
  /// Both must outlive this object.
  ConsensusObjective(Objective& own, Consensus& consensus) : own_(own), consensus_(consensus) {}

  const std::vector<at::Tensor>& parameters() const override { return own_.parameters(); }
  at::Tensor value() override;
  Evaluation gradient() override;
  double batch_share() const override { return own_.batch_share(); }
  double relative_precision() const override { return own_.relative_precision(); }
  ValueFacet* value_facet() override { return this; }
  /// None: the term belongs to no part of the batch.
  GradientPartsFacet* parts_facet() override { return nullptr; }
  CurvatureFacet* curvature_facet() override { return this; }
  /// None: the geometry of the model knows nothing of the term.
  GeometryFacet* geometry_facet() override { return nullptr; }
  NoisyObjective* noise_facet() override { return this; }
  PerExampleFacet* examples_facet() override { return own_.examples_facet() ? this : nullptr; }

  at::Tensor probe(double fraction) override;
  bool settle_statistics() override { return own_.settle_statistics(); }
  std::unique_ptr<Ray> along(Direction direction) override;
  std::unique_ptr<HessianOperator> hessian() override;
  std::optional<double> smoothness() override;
  NoisyValues draw(const NoisyQuery& query) override;
  NoisyLimits limits() const override { return own_.noisy_limits(); }
  /// Of f alone.
  ClippedSum clipped_gradient(const gradient::Clipping& clipping, gradient::Backend backend) override;
  void add_known_gradient() override;
  /// Throws ConfigError, for a consensus that sends what is made from gradients as they are too.
  void require_separate_examples() const override;

  /// f where the step began: its first gradient's. Undefined before one.
  const at::Tensor& own_value() const { return own_value_; }
  /// Forgets own_value(); called after every step.
  void end_step() { own_value_ = at::Tensor(); }

 private:
  /// The consensus's term, or null where it changes nothing.
  const QuadraticTerm* term() const;
  at::Tensor with_term(const at::Tensor& own) const;

  Objective& own_;
  Consensus& consensus_;
  at::Tensor own_value_;
};

}  // namespace talweg::agents
