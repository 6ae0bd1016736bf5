#pragma once

#include "optim/subspace/low_rank_update.h"

namespace talweg::optim {

/// Gradients of a step that are dealt with during the backward pass, one matrix after the other, so that those of all
/// matrices never exist at once. Projection is linear: the parts of a divided batch add up in the subspace. A matrix
/// that is due for a new subspace has it found from its gradient on the spot; of a divided batch its gradient is kept
/// until it is complete. Parameters that are not projected keep their gradients.
class LayerwiseGradients {
 public:
  /// `count`: number of all parameters. `sum`: that of the step, as LowRankUpdate::sum_of_parts() returns it.
  LayerwiseGradients(LowRankUpdate& update, std::size_t count, const SumOfParts& sum);

  /// For the step: Ĝ of every projected matrix is formed in `update`, new subspaces are taken over. An evaluation that
  /// is not usable leaves `update` as it was.
  Evaluation for_step(Objective& objective);
  /// For new subspaces alone.
  Evaluation for_bases(Objective& objective);

  /// Kept gradients of all parameters in order; undefined where it was dealt with.
  const std::vector<at::Tensor>& kept() const { return kept_; }

 private:
  Evaluation stream(Objective& objective, const std::function<void(GradientPart)>& visit);
  void keep(GradientPart part);
  void settle(const Evaluation& evaluation);

  LowRankUpdate& update_;
  SumOfParts sum_;
  std::vector<std::size_t> matrix_;  // which projected matrix a parameter is; none: kNone
  std::vector<at::Tensor> kept_;
};

}  // namespace talweg::optim
