#pragma once

#include <cstdint>

namespace talweg::optim {

/// moved[i] ← 2·point[i] − moved[i] for i < count; returns Σ (moved[i] − point[i])² afterwards, in float64.
double reflect_numbers(const float* point, std::int64_t count, float* moved);

}  // namespace talweg::optim
