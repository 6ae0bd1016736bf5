#pragma once

#include "core/curvature/lanczos.h"
#include "core/objective/objective.h"

namespace talweg {

/// The largest eigenvalues of the Hessian of an objective at the parameters as they stand; the first is the sharpness.
/// Matrix-free: one Hessian-vector product a Lanczos step, about the price of two to three gradients. Rows of `vectors`
/// are the parameters in order, flattened and joined. Throws ConfigError when the model has an operation without a
/// second derivative.
LargestEigenvalues hessian_eigenvalues(Objective& objective, const LanczosOptions& options, RandomGenerator random);

}  // namespace talweg
