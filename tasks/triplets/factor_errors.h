#pragma once

#include <ATen/core/Tensor.h>

#include "tasks/triplets/comparison_data.h"

namespace talweg::tasks {

/// min over orthogonal R of ‖Z − Z*R‖_F/‖Z*‖_F with Z = [users; items], float64. Source: Sankagiri et al. 2025. `users`
/// and `items` have as many columns as the true factors; NaN where they are not finite.
double factor_error(const at::Tensor& users, const at::Tensor& items, const TrueFactors& truth);

/// ‖UVᵀ − X*‖_F/‖X*‖_F with the utilities of every user centred over items: free of rotation, scale and shift.
double matrix_error(const at::Tensor& users, const at::Tensor& items, const TrueFactors& truth);

/// Share of pairs of comparisons with labels 0 or 1 whose margins are in the order of their labels, every comparison
/// taken in both orientations, so that it does not matter which item stands first; equal margins count half, other
/// labels are left out. NaN where there are none.
double area_under_curve(const at::Tensor& margins, const at::Tensor& labels);

/// Share of comparisons whose margin has the sign of label − ½; a margin of 0 counts half, ties (label ½) are left out.
/// NaN where all are ties.
double sign_accuracy(const at::Tensor& margins, const at::Tensor& labels);

}  // namespace talweg::tasks
