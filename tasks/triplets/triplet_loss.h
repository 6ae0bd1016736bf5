#pragma once

#include "tasks/triplets/triplets.h"

namespace talweg::tasks {

/// Margins z = ⟨u_u, v_i − v_j⟩ with their graph: [m].
at::Tensor triplet_margins(const at::Tensor& users, const at::Tensor& items, const Triplets& triplets);

/// w_k (log(1 + e^z_k) − label_k z_k) of every margin, with their graph: [m].
at::Tensor comparison_losses(const at::Tensor& margins, const Triplets& triplets);

/// (1/m) Σ w_k (log(1 + e^z_k) − label_k z_k), a scalar of the factors' type, for factors [n1, r] and [n2, r]. On a CPU
/// value and gradient are one pass over the comparisons, which runs on several threads when users come in ascending
/// order; the sums are the same for any number of threads. Second derivatives come from ordinary operations. Source:
/// Sankagiri et al. 2025, the objective without its regulariser.
at::Tensor triplet_loss(const at::Tensor& users, const at::Tensor& items, const Triplets& triplets);

}  // namespace talweg::tasks
