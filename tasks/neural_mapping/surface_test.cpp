#include "tasks/neural_mapping/surface_test.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

constexpr double kClear = 0.15, kBeside = 0.05;  // m

}  // namespace

SurfaceTest::SurfaceTest(const AnalyticScene& scene, std::int64_t count, const RandomStreams& streams)
    : size_x_(scene.size().x),
      front_(at::empty({count, 3})),
      behind_(at::empty({count, 3})),
      free_(at::empty({count, 3})),
      x_(at::empty({count})) {
  RandomGenerator random = streams.generator("surface test");
  const auto free_place = [&] {
    for (int trial = 0; trial < 10000; ++trial) {
      const Vector3& size = scene.size();
      const Vector3 p{size.x * random.uniform(), size.y * random.uniform(), size.z * random.uniform()};
      if (scene.distance(p) > kClear) return p;
    }
    throw ConfigError("task.data: the room has no free space 15 cm away from everything");
  };
  for (std::int64_t i = 0; i < count;) {
    const Vector3 from = free_place(),
                  direction = normalised(Vector3{random.normal(), random.normal(), random.normal()});
    const double t = scene.trace(from, direction);
    if (t < 0) continue;
    const Vector3 hit = from + t * direction, normal = scene.normal(hit);
    store(hit + kBeside * normal, front_.mutable_data_ptr<float>() + 3 * i);
    store(hit - kBeside * normal, behind_.mutable_data_ptr<float>() + 3 * i);
    x_.mutable_data_ptr<float>()[i] = static_cast<float>(hit.x);
    store(free_place(), free_.mutable_data_ptr<float>() + 3 * i);
    ++i;
  }
}

Metrics SurfaceTest::measure(models::NeuralField& field, std::int64_t slabs) const {
  const torch::NoGradGuard no_grad;
  const auto as = field.table().options().requires_grad(false);
  const auto of = [&](const at::Tensor& points) { return field.distances(points.to(as)).cpu(); };
  const at::Tensor right = (of(front_) > 0).logical_and(of(behind_) < 0).to(at::kDouble);
  Metrics metrics{{"filled_free_space", (of(free_) < 0).to(at::kDouble).mean().item<double>()}};
  const at::Tensor slab = (x_ / size_x_ * slabs).to(at::kLong).clamp(0, slabs - 1);
  for (std::int64_t i = 0; slabs > 1 && i < slabs; ++i) {
    const at::Tensor own = right.masked_select(slab == i);
    if (own.numel() > 0) metrics.emplace_back(fmt::format("sign_score_slab_{}", i), own.mean().item<double>());
  }
  metrics.emplace_back("sign_score", right.mean().item<double>());
  return metrics;
}

}  // namespace talweg::tasks
