#pragma once

#include <functional>
#include <vector>

#include "core/objective/objective.h"

namespace talweg {

/// Calls `evaluate`, which makes the gradients and nothing but them of `parameters` by backward passes, and hands each
/// gradient to `visit` as soon as autograd has completed it, in place of leaving it in `.grad`; what was put there
/// without a backward pass follows at the end. `whole`: a parameter's first gradient is its only one.
Evaluation stream_gradients(const std::vector<at::Tensor>& parameters, bool whole,
                            const std::function<void(GradientPart)>& visit,
                            const std::function<Evaluation()>& evaluate);

/// Hands out what lies in `.grad`, as the only part of each gradient.
void hand_out_gradients(const std::vector<at::Tensor>& parameters, const std::function<void(GradientPart)>& visit);

}  // namespace talweg
