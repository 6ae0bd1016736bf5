#pragma once

#include <ATen/core/Tensor.h>

#include "tasks/triplets/triplet_loss.h"

namespace talweg::tasks {

/// One strength per item for all users, the maximum likelihood of the model of Bradley and Terry with a normal prior of
/// precision `prior` > 0: [items] float64, mean 0. By accelerated descent with the step of every item from the diagonal
/// bound of the Hessian, until the gradient is below 1e-8 of the comparisons, at most 2000 passes. Source: Bradley and
/// Terry 1952; the iteration is ours.
at::Tensor bradley_terry_strengths(const Triplets& triplets, std::int64_t items, double prior);

/// log((wins + 1)/(losses + 1)) of every item: [items] float64.
at::Tensor popularity(const Triplets& triplets, std::int64_t items);

}  // namespace talweg::tasks
