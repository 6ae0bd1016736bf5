#pragma once

#include <functional>
#include <vector>

#include "core/random/random_streams.h"
#include "optim/subspace/projected_matrix.h"

namespace talweg::optim {

/// Sums tensors over the ranks of a run, in place, where each has a part of the gradient; empty: gradients are whole.
using SumOfParts = std::function<void(const std::vector<at::Tensor>&)>;

/// Finds the subspace of a matrix from its gradient: by a randomized decomposition, a range finder or the exact one.
class BasisFinder {
 public:
  /// `paired`: the second basis too.
  BasisFinder(const SubspaceOptions& options, bool paired) : options_(options), paired_(paired) {}

  /// Random numbers of sketches: "sketch/NAME" of the matrix, by the number of the renewal.
  void set_streams(const RandomStreams& streams) { streams_ = streams; }

  /// Offers new bases to matrices of one shape and side, from their gradients in the same order. O(m·n·r) each, in
  /// batched products.
  void find(const std::vector<ProjectedMatrix*>& matrices, const std::vector<at::Tensor>& gradients,
            std::int64_t renewal, const SumOfParts& sum) const;

 private:
  SubspaceOptions options_;
  bool paired_;
  RandomStreams streams_{0};
};

}  // namespace talweg::optim
