#include "tasks/neural_mapping/map_objective.h"

#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

at::Tensor loss_at(models::NeuralField& field, const WorldRays& rays, const at::Tensor& z,
                   const models::MappingLossOptions& loss) {
  const at::Tensor points = rays.origins.unsqueeze(1) + z.unsqueeze(2) * rays.directions.unsqueeze(1);
  const models::FieldValues values = field.values(points.view({-1, 3}));
  const bool coloured = values.colour.defined();
  return models::mapping_objective(values.distance.view(z.sizes()),
                                   coloured ? values.colour.view({z.size(0), z.size(1), 3}) : at::Tensor(), z,
                                   {rays.depths, coloured ? rays.colours : at::Tensor()}, loss);
}

}  // namespace

at::Tensor ray_loss(models::NeuralField& field, const WorldRays& rays, const models::SamplingOptions& sampling,
                    const models::MappingLossOptions& loss) {
  const at::Tensor jitter =
      at::rand({rays.depths.size(0), sampling.uniform + sampling.near_surface}, rays.depths.options());
  return loss_at(field, rays, models::sample_depths(rays.depths, sampling, jitter), loss);
}

at::Tensor still_ray_loss(models::NeuralField& field, const WorldRays& rays, const models::SamplingOptions& sampling,
                          const models::MappingLossOptions& loss) {
  return loss_at(field, rays, models::sample_depths(rays.depths, sampling, {}), loss);
}

void declare(config::Fields& f, SmoothnessOptions& o) {
  f("weight", o.weight, "weight of the squared differences of neighbouring features; 0: none", config::at_least(0));
  f("points", o.points, "edge P of the cube of (P - 1)^3 points at which they are looked at", config::at_least(3),
    config::at_most(256));
  f("voxel", o.voxel, "distance of neighbouring points, m", config::above(0));
  f("margin", o.margin, "distance of the cube from the border of the box, m", config::at_least(0));
}

at::Tensor smoothness(models::NeuralField& field, const SmoothnessOptions& o) {
  const at::TensorOptions as = field.table().options().requires_grad(false);
  const std::int64_t side = o.points - 1;
  const models::Box& box = field.box();
  at::Tensor low = at::empty({3}, as), room = at::empty({3}, as);
  for (std::int64_t a = 0; a < 3; ++a) {
    const auto k = static_cast<std::size_t>(a);
    low[a] = box.low[k];
    room[a] = std::max(0.0, box.high[k] - box.low[k] - static_cast<double>(side) * o.voxel - 2 * o.margin);
  }
  const at::Tensor corner = low + o.margin + room * at::rand({3}, as), jitter = at::rand({3}, as);
  const at::Tensor steps = at::arange(side, as);
  const std::vector<at::Tensor> axes = at::meshgrid({steps, steps, steps}, "ij");
  const at::Tensor points = (at::stack(axes, 3) + jitter) * o.voxel + corner;
  const at::Tensor features = field.grid_features(points.view({-1, 3})).view({side, side, side, -1});
  at::Tensor sum;
  for (std::int64_t a = 0; a < 3; ++a) {
    const at::Tensor squares = (features.narrow(a, 1, side - 1) - features.narrow(a, 0, side - 1)).square().sum();
    sum = sum.defined() ? sum + squares : squares;
  }
  return sum / static_cast<double>(o.points * o.points * o.points);
}

}  // namespace talweg::tasks
