#pragma once

#include <string>
#include <vector>

namespace talweg::tasks {

/// Statements of the theory of modes about gradient descent with the step size `eta` on ½‖W_L⋯W_1 − M‖², in lines of
/// text: for every mode S_i and the edge 2/S_i, where the period doubles, and beyond the edge the two-period orbit with
/// its multiplier, gap factor and sharpness; then how many modes oscillate and from where on modes mix.
std::string describe_dynamics(int depth, const std::vector<double>& singular_values, double eta);

}  // namespace talweg::tasks
