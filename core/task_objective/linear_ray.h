#pragma once

#include <memory>

#include "core/objective/objective.h"
#include "core/task/capabilities.h"

namespace talweg {

/// The ray of a model that is linear in its parameters: z(η) = z − η·q with q = A·d, so a trial costs O(outputs)
/// instead of a pass over the inputs, and a block of step sizes is one operation and one read. The arithmetic of the
/// trials is float64. `outputs` is z at the parameters as they stand. Cost: one product with the data when made;
/// memory: the outputs twice, and block_size() times while a block is evaluated. `model` and `batch` must outlive the
/// ray. Source: ours, from z's linearity.
std::unique_ptr<Ray> make_linear_ray(LinearInParameters& model, const data::Batch& batch, const at::Tensor& outputs,
                                     std::vector<at::Tensor> parameters, Direction direction);

}  // namespace talweg
