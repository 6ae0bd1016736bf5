#include "models/neural_field/ray_samples.h"

#include "core/libtorch.h"

namespace talweg::models {

void declare(config::Fields& f, SamplingOptions& o) {
  f("near", o.near, "where a ray begins to be looked at, m", config::at_least(0));
  f("far", o.far, "where it ends, m", config::above(0));
  f("uniform", o.uniform, "samples of a ray between near and far", config::at_least(2));
  f("near_surface", o.near_surface, "samples of a ray around its measured depth", config::at_least(1));
  f("range", o.range, "how far around the measured depth those lie, m", config::above(0));
}

void validate(const SamplingOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (!(o.near < o.far)) diagnostics.error(where.at("far"), "'far' is not beyond 'near'");
}

at::Tensor sample_depths(const at::Tensor& measured, const SamplingOptions& o, const at::Tensor& jitter) {
  const std::int64_t rays = measured.size(0);
  const at::TensorOptions as = measured.options();
  const at::Tensor uniform = at::linspace(o.near, o.far, o.uniform, as).expand({rays, -1});
  const at::Tensor depth = measured.unsqueeze(1);
  const at::Tensor around = depth + at::linspace(-o.range, o.range, o.near_surface, as),
                   anywhere = at::linspace(o.near, o.far, o.near_surface, as).expand({rays, -1});
  const at::Tensor z = std::get<0>(at::cat({uniform, at::where(depth > 0, around, anywhere)}, 1).sort(1));
  if (!jitter.defined()) return z;
  const std::int64_t n = z.size(1);
  const at::Tensor middle = 0.5 * (z.narrow(1, 1, n - 1) + z.narrow(1, 0, n - 1));
  const at::Tensor upper = at::cat({middle, z.narrow(1, n - 1, 1)}, 1), lower = at::cat({z.narrow(1, 0, 1), middle}, 1);
  return lower + (upper - lower) * jitter;
}

}  // namespace talweg::models
