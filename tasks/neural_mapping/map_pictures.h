#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "core/image/image.h"
#include "core/plot/figure.h"
#include "tasks/neural_mapping/map_data.h"

namespace talweg::tasks {

/// A number a pixel [height, width] from dark blue (`low`) over green to yellow (`high`); what is not finite is grey.
image::Colours shaded(const at::Tensor& values, double low, double high);

/// Directions of length one [height, width, 3] as red, green, blue; what is not finite is grey.
image::Colours shaded_normals(const at::Tensor& normals);

/// [height, width, 3] in [0, 1].
image::Colours shaded_colours(const at::Tensor& colours);

/// Rows of pictures of one size, a few white pixels apart.
image::Colours arranged(const std::vector<std::vector<image::Colours>>& rows);

/// A picture as a figure.
plot::Figure picture_figure(const std::string& name, const std::string& title, const image::Colours& picture,
                            const std::string& caption);

/// The places that were measured, seen from above: a colour for each trajectory, brighter where more rays end; cells of
/// `cell` metres.
image::Colours coverage(const RayFrames& frames, std::int64_t trajectories, const models::Box& box, double cell);

}  // namespace talweg::tasks
