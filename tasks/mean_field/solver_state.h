#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "core/checkpoint/state.h"
#include "models/mean_field/two_time_state.h"

namespace talweg::tasks {

/// The rows of a solver as tensors, every triangle packed; and back. Throws DataError naming what is missing.
checkpoint::State state_of(const mean_field::TwoTimeState& state);
void load_state(const checkpoint::State& saved, mean_field::TwoTimeState& state);

/// Observables as [n, 9] float64; and back.
at::Tensor tensor_of_points(const std::vector<mean_field::Observables>& points);
std::vector<mean_field::Observables> points_of_tensor(const at::Tensor& tensor);

}  // namespace talweg::tasks
