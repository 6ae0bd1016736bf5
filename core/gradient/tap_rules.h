#pragma once

#include "core/gradient/layer_taps.h"

namespace talweg::gradient {

/// Whether record() knows the per-example gradient of a parameter that `node` uses in this way.
bool has_rule(const torch::autograd::Node& node, const ParameterUse& use);

/// Whether the factors of Σ_t l_t r_tᵀ are kept instead of the product: when the Gram matrices cost less than writing
/// and reading the product twice. Measured on one core: a multiplication is worth 1/24 of a number moved.
bool keeps_factors(std::int64_t positions, std::int64_t rows, std::int64_t columns);

}  // namespace talweg::gradient
