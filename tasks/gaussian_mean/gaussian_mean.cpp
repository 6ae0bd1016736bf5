#include "tasks/gaussian_mean/gaussian_mean.h"

#include <cmath>

#include "core/libtorch.h"

namespace talweg::tasks {

void declare(config::Fields& f, GaussianMeanOptions& o) {
  f("dimension", o.dimension, "d", config::at_least(1));
  f("examples", o.examples, "number of points", config::at_least(1));
  f("offset", o.offset, "a: distance of the mean from the start");
  f("deviation", o.deviation, "s: root mean square distance of a point from the mean", config::at_least(0));
}

GaussianMean::GaussianMean(const GaussianMeanOptions& options, const TaskContext& context) : offset_(options.offset) {
  RandomGenerator random = context.streams.generator("synthetic data");
  at::Tensor points = at::empty({options.examples, options.dimension}, at::kDouble);
  const double scale = options.deviation / std::sqrt(static_cast<double>(options.dimension));
  for (std::int64_t i = 0; i < points.numel(); ++i) points.mutable_data_ptr<double>()[i] = scale * random.normal();
  points.select(1, 0).add_(offset_);
  training_ = std::make_unique<data::TensorDataset>(std::vector<at::Tensor>{points.to(context.device, context.dtype)});
  point_ = module_.register_parameter(
      "point", at::zeros({options.dimension}, at::TensorOptions(context.device).dtype(context.dtype)));
}

at::Tensor GaussianMean::example_losses(const data::Batch& batch) {
  // θ + (−x) is a sum with a broadcast parameter, for which per-example gradients need no loop.
  return (point_ + batch.tensors[0].neg()).square().sum(1) / 2;
}

Metrics GaussianMean::evaluate() {
  at::Tensor error = point_.detach().to(at::kDouble).clone();
  const double norm = error.norm().item<double>();
  error[0] -= offset_;
  return {{"norm", norm}, {"loss", error.square().sum().item<double>() / 2}};
}

}  // namespace talweg::tasks
