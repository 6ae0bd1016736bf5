#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/gradient/clipping.h"
#include "core/gradient/per_example_gradients.h"

namespace talweg {

/// Result of clipped_gradient() beside the sum, which is in the gradients.
struct ClippedSum {
  at::Tensor loss;        ///< mean over the batch of the losses, not private; scalar, 0 for an empty batch
  at::Tensor norms;       ///< of the gradients of the examples before clipping, [batch]; not private
  std::int64_t size = 0;  ///< examples in the batch; 0 is possible with Poisson sampling
  bool usable = true;     ///< false: a loss or a gradient is not finite
};

/// The facet of an objective that is a sum over examples, each of which has a gradient of its own: what differentially
/// private training needs.
class PerExampleFacet {
 public:
  virtual ~PerExampleFacet() = default;
  /// Σ_i s_i ∇ℓ_i over the batch of the step, into `.grad` of every parameter (zeros for an empty batch); nothing is
  /// divided by a batch size. Micro-batches are accumulated. One forward and one backward pass over the batch, one of
  /// each per example with Backend::loop.
  virtual ClippedSum clipped_gradient(const gradient::Clipping& clipping, gradient::Backend backend) = 0;

  /// Adds to `.grad`, which holds a gradient made private and divided by the batch size, the gradient of what the
  /// objective has beside its examples: a penalty, a pull towards others.
  virtual void add_known_gradient() = 0;

  /// Throws ConfigError naming the module when examples have no gradients of their own.
  virtual void require_separate_examples() const = 0;
};

}  // namespace talweg
