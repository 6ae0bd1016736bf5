#pragma once

#include <functional>
#include <memory>

#include "core/objective/ray.h"
#include "tasks/triplets/factor_model.h"
#include "tasks/triplets/triplets.h"

namespace talweg::tasks {

/// The ray of factors: along θ − η·d every margin is a parabola z₀ − η·z₁ + η²·z₂ of known coefficients, so a trial is
/// one pass over m numbers, whatever the rank. `rows` and `change` are the utility rows at the parameters and the
/// direction; `rest` is what the objective adds to the mean loss at η. float64; cost of making it: four products with
/// the comparisons; memory: 3m numbers. Source: ours.
std::unique_ptr<Ray> make_margin_ray(const Triplets& triplets, const UtilityRows& rows, const UtilityRows& change,
                                     std::function<double(double)> rest, std::vector<at::Tensor> parameters,
                                     Direction direction);

}  // namespace talweg::tasks
