#include "optim/subspace/layerwise.h"

#include "core/libtorch.h"

namespace talweg::optim {
namespace {

constexpr std::size_t kNone = ~std::size_t{0};

}  // namespace

LayerwiseGradients::LayerwiseGradients(LowRankUpdate& update, std::size_t count, const SumOfParts& sum)
    : update_(update), sum_(sum), matrix_(count, kNone), kept_(count) {
  for (std::size_t k = 0; k < update.matrices().size(); ++k) matrix_[update.matrices()[k].parameter()] = k;
}

/// The parts of a gradient as they come, of whole gradients where those are needed.
Evaluation LayerwiseGradients::stream(Objective& objective, const std::function<void(GradientPart)>& visit) {
  if (sum_ || !objective.gradients_are_parts()) return objective.stream_gradient(visit);
  return objective.stream_gradient([&](GradientPart part) {
    objective.sum_over_ranks({part.gradient});
    visit(std::move(part));
  });
}

void LayerwiseGradients::keep(GradientPart part) {
  at::Tensor& kept = kept_[part.parameter];
  if (kept.defined())
    kept.add_(part.gradient);
  else
    kept = std::move(part.gradient);
}

Evaluation LayerwiseGradients::for_step(Objective& objective) {
  const Evaluation evaluation = stream(objective, [this](GradientPart part) {
    const std::size_t k = matrix_[part.parameter];
    const bool due = k != kNone && update_.is_due(k);
    if (k == kNone || (due && !part.whole)) return keep(std::move(part));
    if (due) update_.find_basis(k, part.gradient, sum_);
    const StepClock::Scope timed(update_.clock(), StepPhase::projection);
    if (due)
      update_.matrices()[k].project(part.gradient);
    else
      update_.matrices()[k].add_projected(part.gradient);
  });
  settle(evaluation);
  return evaluation;
}

Evaluation LayerwiseGradients::for_bases(Objective& objective) {
  const Evaluation evaluation = stream(objective, [this](GradientPart part) {
    const std::size_t k = matrix_[part.parameter];
    if (k == kNone || !update_.is_due(k)) return;
    if (part.whole)
      update_.find_basis(k, part.gradient, sum_);
    else
      keep(std::move(part));
  });
  settle(evaluation);
  kept_.assign(kept_.size(), at::Tensor());
  return evaluation;
}

/// Takes over what was found and clips what was kept.
void LayerwiseGradients::settle(const Evaluation& evaluation) {
  if (!evaluation.usable) {
    for (ProjectedMatrix& matrix : update_.matrices()) {
      matrix.drop_offer();
      matrix.drop_projected();
    }
    return;
  }
  update_.take_over_bases();
  if (evaluation.factor.defined()) {
    for (ProjectedMatrix& matrix : update_.matrices()) matrix.scale_projected(evaluation.factor);
    for (at::Tensor& kept : kept_)
      if (kept.defined()) kept.mul_(evaluation.factor.to(kept.scalar_type()));
  }
  update_.refresh(kept_, sum_);
}

}  // namespace talweg::optim
