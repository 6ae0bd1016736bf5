// Rendered rays and the local objective against fixed numbers, LibTorch's operations and finite differences.
#include "models/neural_field/rendering.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/libtorch.h"
#include "models/neural_field/ray_samples.h"

namespace talweg::models {
namespace {

at::Tensor row(std::initializer_list<double> values) {
  return at::tensor(std::vector<double>(values), at::kDouble).unsqueeze(0);
}

// Source of the fixed numbers: computed by hand from RAMEN §3.1 and §3.2.
TEST(Rendering, WeighsTheFixedRay) {
  const RenderedRays rays =
      render_rays(row({1, 1, 0.5, 0.1, -0.2, -0.6, 0.3}), {}, row({1, 1.5, 1.95, 1.99, 2.02, 2.06, 2.15}), 0.1);
  const at::Tensor expected = row({0.000146, 0.000146, 0.021389, 0.632577, 0.337805, 0.007936, 0});
  EXPECT_LT((rays.weights - expected).abs().max().item<double>(), 1e-6);
  EXPECT_NEAR(rays.depth.item<double>(), 1.999618, 1e-6);
}

TEST(Rendering, OfARayThatCrossesNothingIsTheNearPlane) {
  const RenderedRays rays = render_rays(row({1, 1, 1, 1}), {}, row({1, 2, 3, 4}), 0.1);
  EXPECT_NEAR(rays.depth.item<double>(), 0.999780, 1e-6);
}

TEST(Rendering, LossesOfTheFixedRay) {
  const at::Tensor s = row({1, 0.9, 0.8, 0.5, 0.1, -0.4, -1}), z = row({0.2, 0.5, 0.85, 0.95, 1, 1.05, 1.3});
  const MappingLosses losses = mapping_losses(s, {}, z, {at::ones({1}, at::kDouble), {}}, {});
  EXPECT_NEAR(losses.free_space.item<double>(), 0.00357143, 1e-8);
  EXPECT_NEAR(losses.signed_distance.item<double>(), 1.428571e-5, 1e-11);
  EXPECT_FALSE(losses.colour.defined());
}

/// A batch with rays of every sort: measured, too far, without depth, in front of and behind what is sampled.
struct SomeRays {
  at::Tensor distance, colour, z;
  RayTargets targets;
  MappingLossOptions options;

  explicit SomeRays(at::ScalarType type, std::int64_t rays = 150) {
    torch::manual_seed(5);
    const SamplingOptions sampling;
    targets.depth = at::rand({rays}, at::kDouble) * 6;
    targets.depth[1] = 0;
    targets.depth[2] = 7;
    options.depth_limit = 6.5;
    z = sample_depths(targets.depth, sampling, at::rand({rays, 43}, at::kDouble)).to(type);
    distance =
        (at::randn({rays, 43}, at::kDouble) * 0.3 + (targets.depth.unsqueeze(1) - z) * 3).clamp(-1.5, 1.5).to(type);
    colour = at::rand({rays, 43, 3}, at::kDouble).to(type);
    targets.colour = at::rand({rays, 3}, at::kDouble).to(type);
    targets.depth = targets.depth.to(type);
    distance.requires_grad_();
    colour.requires_grad_();
  }
};

TEST(MappingObjective, InOnePassAgreesWithLibTorchsOperations) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const double allowed = type == at::kDouble ? 1e-11 : 2e-5;
    const SomeRays r(type);
    for (const bool with_colour : {true, false}) {
      const at::Tensor colour = with_colour ? r.colour : at::Tensor();
      const at::Tensor fused = mapping_objective(r.distance, colour, r.z, r.targets, r.options),
                       plain = mapping_losses(r.distance, colour, r.z, r.targets, r.options).total(r.options);
      EXPECT_NEAR(fused.item<double>() / plain.item<double>(), 1, allowed);
      const auto slopes = [&](const at::Tensor& value) {
        torch::autograd::variable_list inputs{r.distance};
        if (with_colour) inputs.push_back(r.colour);
        return torch::autograd::grad({value}, inputs);
      };
      const auto ours = slopes(fused), theirs = slopes(plain);
      for (std::size_t i = 0; i < ours.size(); ++i)
        EXPECT_LT(((ours[i] - theirs[i]).abs().max() / theirs[i].abs().max()).item<double>(), allowed) << i;
    }
  }
}

TEST(MappingObjective, GradientsAreThoseOfFiniteDifferences) {
  const SomeRays r(at::kDouble, 30);
  const at::Tensor value = mapping_objective(r.distance, r.colour, r.z, r.targets, r.options);
  const auto slopes = torch::autograd::grad({value}, {r.distance, r.colour});
  const torch::NoGradGuard no_grad;
  const at::Tensor d = at::randn_like(r.distance), c = at::randn_like(r.colour);
  const double step = 1e-7;
  const auto at_step = [&](double t) {
    return mapping_objective(r.distance + t * d, r.colour + t * c, r.z, r.targets, r.options).item<double>();
  };
  const double slope = ((slopes[0] * d).sum() + (slopes[1] * c).sum()).item<double>();
  EXPECT_NEAR((at_step(step) - at_step(-step)) / (2 * step) / slope, 1, 1e-6);
}

TEST(MappingObjective, HasSecondDerivatives) {
  const SomeRays r(at::kDouble, 20);
  const at::Tensor direction = at::randn_like(r.distance);
  const auto product = [&](const at::Tensor& value) {
    const at::Tensor slope = torch::autograd::grad({value}, {r.distance}, {}, true, true)[0];
    return torch::autograd::grad({(slope * direction).sum()}, {r.distance})[0];
  };
  const at::Tensor ours = product(mapping_objective(r.distance, r.colour, r.z, r.targets, r.options)),
                   theirs = product(mapping_losses(r.distance, r.colour, r.z, r.targets, r.options).total(r.options));
  EXPECT_LT(((ours - theirs).abs().max() / theirs.abs().max()).item<double>(), 1e-12);
}

TEST(MappingObjective, ThreadsChangeNothing) {
  const SomeRays r(at::kFloat, 2000);
  const int before = at::get_num_threads();
  std::vector<at::Tensor> values, slopes;
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    values.push_back(mapping_objective(r.distance, r.colour, r.z, r.targets, r.options));
    slopes.push_back(torch::autograd::grad({values.back()}, {r.distance})[0]);
  }
  at::set_num_threads(before);
  EXPECT_TRUE(at::equal(values[0], values[1]));
  EXPECT_TRUE(at::equal(slopes[0], slopes[1]));
}

TEST(RaySamples, LieBetweenNearAndFarAndAroundTheDepth) {
  SamplingOptions o;
  const at::Tensor z = sample_depths(at::tensor({2.0, 0.0}, at::kDouble), o, {});
  ASSERT_EQ(z.sizes(), (at::IntArrayRef{2, 43}));
  EXPECT_TRUE((z.diff(1, 1) >= 0).all().item<bool>());
  EXPECT_EQ(((z[0] - 2).abs() < 0.1 + 1e-9).sum().item<std::int64_t>(), 11 + 2);  // two of the uniform ones too
  EXPECT_EQ(((z[1] - 2).abs() < 0.1 + 1e-9).sum().item<std::int64_t>(), 3);
  const at::Tensor moved = sample_depths(at::tensor({2.0, 0.0}, at::kDouble), o, at::full({2, 43}, 0.5, at::kDouble));
  EXPECT_TRUE((moved.diff(1, 1) >= 0).all().item<bool>());
}

}  // namespace
}  // namespace talweg::models
