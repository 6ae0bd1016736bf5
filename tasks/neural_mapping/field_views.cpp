#include "tasks/neural_mapping/field_views.h"

#include <cmath>
#include <limits>

#include "core/libtorch.h"
#include "models/neural_field/rendering.h"

namespace talweg::tasks {
namespace {

/// Samples that are looked at together.
constexpr std::int64_t kSamplesAtOnce = 262144;

/// The depth of the first surface that is met from free space, 0 where there is none: [n]. `distance`, `z` [n,
/// samples].
at::Tensor first_surface(const at::Tensor& distance, const at::Tensor& z) {
  const std::int64_t samples = z.size(1);
  const at::Tensor before = distance.narrow(1, 0, samples - 1), after = distance.narrow(1, 1, samples - 1);
  const at::Tensor crossing = (before > 0).logical_and(after <= 0);
  const at::Tensor at = crossing.to(at::kInt).argmax(1, true);
  const at::Tensor a = before.gather(1, at), b = after.gather(1, at), from = z.gather(1, at), to = z.gather(1, at + 1);
  const at::Tensor depth = from + (to - from) * a / (a - b).clamp_min(1e-12);
  return at::where(crossing.any(1, true), depth, at::zeros_like(depth)).squeeze(1);
}

}  // namespace

SeenRays look_along(models::NeuralField& field, const WorldRays& rays, const models::SamplingOptions& sampling,
                    double truncation, double step) {
  const torch::NoGradGuard no_grad;
  const auto coarse = static_cast<std::int64_t>(std::ceil((sampling.far - sampling.near) / step)) + 1;
  const std::int64_t together = std::max<std::int64_t>(1, kSamplesAtOnce / coarse), n = rays.origins.size(0);
  const at::TensorOptions as = field.table().options().requires_grad(false);
  std::vector<at::Tensor> depths, colours;
  for (std::int64_t begin = 0; begin < n; begin += together) {
    const std::int64_t count = std::min(together, n - begin);
    const at::Tensor origin = rays.origins.narrow(0, begin, count).to(as).unsqueeze(1),
                     direction = rays.directions.narrow(0, begin, count).to(as).unsqueeze(1);
    const auto points_at = [&](const at::Tensor& z) { return (origin + z.unsqueeze(2) * direction).view({-1, 3}); };
    const at::Tensor far = at::linspace(sampling.near, sampling.far, coarse, as).expand({count, -1});
    const at::Tensor surface = first_surface(field.distances(points_at(far)).view(far.sizes()), far);
    const at::Tensor z = models::sample_depths(surface, sampling, {});
    const models::FieldValues values = field.values(points_at(z));
    const models::RenderedRays seen = models::render_rays(
        values.distance.view(z.sizes()),
        values.colour.defined() ? values.colour.view({count, z.size(1), 3}) : at::Tensor(), z, truncation);
    depths.push_back(at::where(surface > 0, seen.depth, at::zeros_like(surface)));
    if (seen.colour.defined()) colours.push_back(seen.colour);
  }
  return {at::cat(depths), colours.empty() ? at::Tensor() : at::cat(colours)};
}

at::Tensor normals_of(const at::Tensor& depth, const Pinhole& camera) {
  const at::Tensor z = depth.to(at::kCPU, at::kFloat).contiguous();
  const std::int64_t height = z.size(0), width = z.size(1);
  at::Tensor normals = at::full({height, width, 3}, std::numeric_limits<float>::quiet_NaN());
  const float* const from = z.const_data_ptr<float>();
  float* const to = normals.mutable_data_ptr<float>();
  const auto place = [&](std::int64_t row, std::int64_t column) {
    const auto [u, v] = camera.tangents(static_cast<double>(column), static_cast<double>(row));
    const double d = from[row * width + column];
    return Vector3{u * d, v * d, -d};
  };
  const auto measured = [&](std::int64_t row, std::int64_t column) { return from[row * width + column] > 0; };
  for (std::int64_t row = 0; row + 1 < height; ++row)
    for (std::int64_t column = 0; column + 1 < width; ++column) {
      if (!measured(row, column) || !measured(row + 1, column) || !measured(row, column + 1)) continue;
      const Vector3 here = place(row, column);
      const Vector3 n = normalised(cross(place(row, column + 1) - here, here - place(row + 1, column)));
      store(n, to + (row * width + column) * 3);
    }
  return normals;
}

}  // namespace talweg::tasks
