#include "tasks/neural_mapping/map_data.h"

#include "core/libtorch.h"

namespace talweg::tasks {
WorldRays View::rays() const {
  const std::int64_t n = camera.width * camera.height;
  WorldRays rays{at::empty({n, 3}), at::empty({n, 3}), colour.view({n, 3}).to(at::kFloat) / 255, depth.view({n})};
  float *const origin = rays.origins.mutable_data_ptr<float>(), *const direction =
                                                                    rays.directions.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < n; ++i) {
    const auto [u, v] = camera.tangents(static_cast<double>(i % camera.width), static_cast<double>(i / camera.width));
    store(pose.origin, origin + 3 * i);
    store(pose.direction(u, v), direction + 3 * i);
  }
  return rays;
}

RayDataset::RayDataset(const RayFrames& frames) : frames_(frames) {}

data::Batch RayDataset::batch(std::span<const std::int64_t> indices, std::int64_t) const {
  const auto n = static_cast<std::int64_t>(indices.size());
  at::Tensor origins = at::empty({n, 3}), directions = at::empty({n, 3}), colours = at::empty({n, 3}),
             depths = at::empty({n}), numbers = at::empty({n}, at::kLong);
  float *const origin = origins.mutable_data_ptr<float>(), *const direction = directions.mutable_data_ptr<float>(),
               *const colour = colours.mutable_data_ptr<float>(), *const depth = depths.mutable_data_ptr<float>();
  std::int64_t* const number = numbers.mutable_data_ptr<std::int64_t>();
  const float *const tangents = frames_.tangents.const_data_ptr<float>(), *const measured =
                                                                              frames_.depths.const_data_ptr<float>();
  const std::uint8_t* const seen = frames_.colours.const_data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t ray = indices[static_cast<std::size_t>(i)];
    number[i] = ray / frames_.rays();
    const Pose& pose = frames_.poses[static_cast<std::size_t>(number[i])];
    const Vector3 d = pose.direction(tangents[2 * ray], tangents[2 * ray + 1]);
    store(pose.origin, origin + 3 * i);
    store(frames_.unit_directions ? normalised(d) : d, direction + 3 * i);
    for (std::int64_t c = 0; c < 3; ++c) colour[3 * i + c] = static_cast<float>(seen[3 * ray + c]) / 255;
    depth[i] = measured[ray];
  }
  return {{origins, directions, colours, depths, numbers}, n};
}

WorldRays world_rays(const data::Batch& batch) {
  return {batch.tensors[0], batch.tensors[1], batch.tensors[2], batch.tensors[3]};
}

}  // namespace talweg::tasks
