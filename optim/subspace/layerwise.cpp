#include "optim/subspace/layerwise.h"

#include "core/libtorch.h"

namespace talweg::optim {
namespace {

constexpr std::size_t kNone = ~std::size_t{0};

}  // namespace

LayerwiseGradients::LayerwiseGradients(LowRankUpdate& update, std::size_t count)
    : update_(update), matrix_(count, kNone), kept_(count) {
  const std::vector<std::size_t>& projected = update.selection().projected;
  for (std::size_t k = 0; k < projected.size(); ++k) matrix_[projected[k]] = k;
}

/// The parts of a gradient as they come, of whole gradients where those are needed.
Evaluation LayerwiseGradients::stream(Objective& objective, const std::function<void(GradientPart)>& visit) {
  if (update_.sums_over_ranks() || !objective.gradients_are_parts()) return objective.stream_gradient(visit);
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
    if (k == kNone) return keep(std::move(part));
    if (!update_.is_due(k)) return update_.add_projected(k, part.gradient);
    if (!part.whole) return keep(std::move(part));
    update_.find_basis(k, part.gradient);
    update_.project(k, part.gradient);
  });
  settle(evaluation);
  return evaluation;
}

Evaluation LayerwiseGradients::for_bases(Objective& objective) {
  const Evaluation evaluation = stream(objective, [this](GradientPart part) {
    const std::size_t k = matrix_[part.parameter];
    if (k == kNone || !update_.is_due(k)) return;
    if (part.whole)
      update_.find_basis(k, part.gradient);
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
    update_.drop_bases();
    return update_.drop_projected();
  }
  update_.take_over_bases();
  if (evaluation.factor.defined()) {
    update_.scale_projected(evaluation.factor);
    for (at::Tensor& kept : kept_)
      if (kept.defined()) kept.mul_(evaluation.factor.to(kept.scalar_type()));
  }
  update_.refresh(kept_);
}

}  // namespace talweg::optim
