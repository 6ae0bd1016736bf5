// Rooms, their frames, and the order in which rays are drawn from them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "complaint.h"
#include "core/data/subset.h"
#include "core/libtorch.h"
#include "tasks/neural_mapping/field_views.h"
#include "tasks/neural_mapping/keyframe_sampler.h"
#include "tasks/neural_mapping/room_source.h"

namespace talweg::tasks {
namespace {

RoomOptions small_room() {
  RoomOptions o;
  o.frames = 6;
  o.rays = 50;
  return o;
}

TEST(AnalyticScene, KnowsDistancesNormalsAndHits) {
  const AnalyticScene scene({6, 3, 2.4}, solids_of(KnownRoom::main));
  EXPECT_NEAR(scene.distance({3, 2.3, 1.3}), 0.3, 1e-12) << "above the sphere of radius 0.5 at height 0.5";
  EXPECT_NEAR(scene.distance({2, 1.5, 0.1}), 0.1, 1e-12) << "above the floor";
  EXPECT_NEAR(scene.distance({1.0, 0.6, 0.4}), -0.35, 1e-12) << "in the middle of a box";
  EXPECT_LT(scene.distance({-0.1, 1, 1}), 0) << "in the wall";
  EXPECT_NEAR(scene.trace({3, 2.3, 2.2}, {0, 0, -1}), 1.2, 1e-3);
  const Vector3 up = scene.normal({2, 1.5, 0.001});
  EXPECT_NEAR(up.z, 1, 1e-9);
  const auto a = scene.colour({2, 1.5, 0}), b = scene.colour({2.25, 1.5, 0});
  EXPECT_NE(a, b) << "neighbouring squares of the floor";
}

TEST(Room, DepthsAreThoseOfTheScene) {
  for (const DepthAxis axis : {DepthAxis::camera, DepthAxis::ray}) {
    RoomOptions o = small_room();
    o.depth_along = axis;
    const MapData data = make_room(o, RandomStreams(1));
    const RayDataset rays(data.frames);
    ASSERT_EQ(rays.size(), 300);
    std::vector<std::int64_t> all(300);
    std::iota(all.begin(), all.end(), 0);
    const data::Batch batch = rays.batch(all, 0);
    const WorldRays r = world_rays(batch);
    const at::Tensor hits = r.origins + r.depths.unsqueeze(1) * r.directions;
    for (std::int64_t i = 0; i < 300; ++i) {
      const auto p = hits[i];
      EXPECT_NEAR(data.truth->distance({p[0].item<double>(), p[1].item<double>(), p[2].item<double>()}), 0, 1e-3);
      EXPECT_EQ(batch.tensors[4][i].item<std::int64_t>(), i / 50);
    }
    const at::Tensor lengths = r.directions.norm(2, 1);
    const double longest = lengths.max().item<double>();
    // Corners of the picture are farther along the ray.
    EXPECT_NEAR(longest, axis == DepthAxis::ray ? 1 : 1.33, axis == DepthAxis::ray ? 1e-6 : 0.1);
  }
}

TEST(Room, IsAFunctionOfTheSeed) {
  const auto depths = [](std::uint64_t seed) { return make_room(small_room(), RandomStreams(seed)).frames.depths; };
  EXPECT_TRUE(at::equal(depths(1), depths(1)));
  EXPECT_FALSE(at::equal(depths(1), depths(2)));
}

TEST(Room, RaysOfOtherSlabsAreNotThere) {
  RoomOptions o = small_room();
  o.trajectories = 3;
  o.slab_margin = 0.4;
  const MapData data = make_room(o, RandomStreams(1));
  ASSERT_EQ(data.frames.frames(), 18);
  const RayDataset rays(data.frames);
  std::int64_t missing = 0;
  for (std::int64_t i = 0; i < rays.size(); ++i) {
    const WorldRays r = world_rays(rays.batch(std::vector<std::int64_t>{i}, 0));
    if (r.depths.item<double>() < 0) {
      ++missing;
      continue;
    }
    const double x = (r.origins + r.depths * r.directions)[0][0].item<double>();
    const double slab = 2.0 * static_cast<double>(i / (6 * 50));
    EXPECT_GE(x, slab - 0.401);
    EXPECT_LE(x, slab + 2.401);
  }
  EXPECT_GT(missing, 100);
}

TEST(DepthNoise, GrowsWithTheSquareOfTheDepthAndLeavesHoles) {
  RandomGenerator random(4);
  DepthNoiseOptions o;
  o.holes = 0.25;
  for (const double depth : {0.4, 3.4}) {
    double squares = 0;
    int measured = 0;
    constexpr int kDraws = 20000;
    for (int i = 0; i < kDraws; ++i) {
      const double z = noisy_depth(depth, o, random);
      if (z == 0) continue;
      ++measured;
      squares += (z - depth) * (z - depth);
    }
    const double expected = 0.0012 + 0.0019 * (depth - 0.4) * (depth - 0.4);
    EXPECT_NEAR(std::sqrt(squares / measured), expected, 0.02 * expected);
    EXPECT_NEAR(static_cast<double>(measured) / kDraws, 0.75, 0.012);
  }
  EXPECT_EQ(noisy_depth(0, o, random), 0);
  EXPECT_EQ(noisy_depth(-1, o, random), -1);
}

class Keyframes : public ::testing::Test {
 protected:
  /// Which frames the rays of a step are of, and how many of each.
  std::map<std::int64_t, int> frames_of(data::Sampler& sampler, std::int64_t step, const data::Dataset& rays) {
    std::vector<std::int64_t> indices;
    sampler.sample(step, indices);
    std::map<std::int64_t, int> counts;
    const at::Tensor numbers = rays.batch(indices, step).tensors[4];
    for (std::int64_t i = 0; i < numbers.size(0); ++i) ++counts[numbers[i].item<std::int64_t>()];
    return counts;
  }
  const MapData data_ = make_room(small_room(), RandomStreams(1));
  const RayDataset rays_{data_.frames};
};

TEST_F(Keyframes, ComeInOneAfterTheOther) {
  KeyframeOptions o;
  o.steps_of_first = 4;
  o.steps_of_frame = 3;
  o.current_share = 0.25;
  KeyframeSampler sampler(o, {rays_, 40, RandomStreams(2)});
  EXPECT_EQ(sampler.steps_per_epoch(), 4 + 5 * 3);
  for (std::int64_t step = 0; step < 19; ++step) {
    const auto counts = frames_of(sampler, step, rays_);
    const std::int64_t current = step < 4 ? 0 : 1 + (step - 4) / 3;
    EXPECT_EQ(counts.rbegin()->first, current) << "nothing of a frame that has not come yet";
    EXPECT_EQ(counts.at(current), current == 0 ? 40 : 10) << step;
  }
  EXPECT_EQ(frames_of(sampler, 1000, rays_).size(), 6u) << "after the last frame all are gone on with";
}

TEST_F(Keyframes, ByDefaultTheCurrentFrameComesOnTopOfTheBatch) {
  KeyframeOptions o;
  o.every = 2;
  o.steps_of_first = 1;
  o.steps_of_frame = 1;
  o.least_current = 12;
  KeyframeSampler sampler(o, {rays_, 40, RandomStreams(2)});
  const auto second = frames_of(sampler, 1, rays_);
  EXPECT_EQ(second.at(0), 40);
  EXPECT_EQ(second.at(1), 40) << "batch_size / 1 key-frame";
  const auto sixth = frames_of(sampler, 5, rays_);  // key-frames 0, 2, 4
  EXPECT_EQ(sixth.at(5), 13);
  EXPECT_EQ(sixth.count(1) + sixth.count(3), 0u);
}

TEST_F(Keyframes, WithoutReplacementNoRayComesTwice) {
  KeyframeOptions o;
  o.steps_of_first = 1;
  o.steps_of_frame = 1;
  o.least_current = 50;
  KeyframeSampler sampler(o, {rays_, 250, RandomStreams(2)});
  std::vector<std::int64_t> indices;
  sampler.sample(5, indices);
  ASSERT_EQ(indices.size(), 300u);
  EXPECT_EQ(std::set<std::int64_t>(indices.begin(), indices.end()).size(), 300u) << "all rays there are, each once";
}

TEST_F(Keyframes, OfAnAgentAreThoseOfItsPart) {
  std::vector<std::int64_t> part(100);
  std::iota(part.begin(), part.end(), 150);  // frames 3 and 4
  const data::Subset own(rays_, part);
  KeyframeOptions o;
  o.steps_of_first = 2;
  KeyframeSampler sampler(o, {own, 20, RandomStreams(2)});
  EXPECT_EQ(sampler.steps_per_epoch(), 12);
  EXPECT_EQ(frames_of(sampler, 0, own), (std::map<std::int64_t, int>{{3, 20}}));
  EXPECT_EQ(frames_of(sampler, 5, own).size(), 2u);
}

TEST_F(Keyframes, AStepIsAFunctionOfItsNumber) {
  KeyframeSampler one({}, {rays_, 16, RandomStreams(2)}), other({}, {rays_, 16, RandomStreams(2)});
  std::vector<std::int64_t> a, b;
  for (std::int64_t step = 0; step < 10; ++step) one.sample(step, a);
  other.sample(9, b);
  EXPECT_EQ(a, b);
}

TEST(FieldViews, NormalsOfAWallFaceTheCamera) {
  const Pinhole camera{40, 40, 15.5, 11.5, 32, 24};
  const at::Tensor n = normals_of(at::full({24, 32}, 2.0f), camera);
  EXPECT_NEAR(n[10][10][2].item<double>(), 1, 1e-6);
  EXPECT_TRUE(std::isnan(n[23][31][0].item<double>()));
  // A floor one metre below: z = −1/v for directions (u, v, −1).
  at::Tensor floor = at::zeros({24, 32});
  for (std::int64_t row = 13; row < 24; ++row)
    for (std::int64_t column = 0; column < 32; ++column)
      floor[row][column] = -1 / camera.tangents(static_cast<double>(column), static_cast<double>(row))[1];
  EXPECT_NEAR(normals_of(floor, camera)[16][20][1].item<double>(), 1, 1e-5);
}

}  // namespace
}  // namespace talweg::tasks
