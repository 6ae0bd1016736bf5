#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>

namespace talweg {

/// Result of an evaluation with gradient: the value, and whether both may be used.
struct Evaluation {
  at::Tensor value;  ///< scalar on the parameters' device, detached
  /// False when the loss or a gradient is non-finite and the update must not be made:
  /// the optimizer then leaves the parameters and its state as they are and reports StepStatus::skipped_non_finite.
  bool usable = true;
  /// Of stream_gradient(): the gradients that were handed out are to be multiplied by it (clipping). Undefined: by 1.
  at::Tensor factor{};
};

/// The gradient of one parameter over a part of the batch; those of all parts add up to its gradient.
struct GradientPart {
  std::size_t parameter;  ///< its place among Objective::parameters()
  at::Tensor gradient;    ///< the receiver's to keep
  bool whole;             ///< known to be the only part of this parameter
};

}  // namespace talweg
