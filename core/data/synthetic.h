#pragma once

#include <cstdint>

#include "core/data/labelled_data.h"

namespace talweg::data {

/// Isotropic Gaussian clouds, one per class, around standard normal centres scaled by `distance`. [n, features]
LabelledData gaussian_blobs(std::int64_t examples, std::int64_t features, std::int64_t classes, double distance,
                            const RandomStreams& streams);

/// Two interleaved half circles of radius 1 with Gaussian noise. [n, 2], 2 classes.
LabelledData two_moons(std::int64_t examples, double noise, const RandomStreams& streams);

/// Interleaved spirals, one per class, with Gaussian noise. [n, 2]
LabelledData spirals(std::int64_t examples, std::int64_t classes, double noise, const RandomStreams& streams);

/// Points that a hyperplane through the origin separates with distance at least `margin` (> 0) on both sides; the first
/// two support it, the others are Gaussian of variance `margin`, moved along the normal until they are far enough on
/// the side of their class. [n, features] float64, 2 classes of about the same size. Source: the experiments of Vaswani
/// et al. 2019.
LabelledData separable(std::int64_t examples, std::int64_t features, double margin, const RandomStreams& streams);

}  // namespace talweg::data
