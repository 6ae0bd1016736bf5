// Recorded RGB-D folders: small ones in each layout are written from a known room, and what is read must lie on its
// surfaces; and folders with something wrong.
#include "tasks/neural_mapping/recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numeric>

#include "complaint.h"
#include "core/files/yaml.h"
#include "core/geometry/marching_cubes.h"
#include "core/geometry/mesh_files.h"
#include "core/image/image.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"
#include "tasks/neural_mapping/room_source.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

using talweg::testing::complaint;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr Pinhole kCamera{40, 41, 23.5, 17.5, 48, 36};
constexpr std::int64_t kFrames = 6;

/// Writes pictures of the room and their poses.
class Recorded : public ::testing::Test {
 protected:
  Recorded() : scene_({6, 3, 2.4}, solids_of(KnownRoom::main)) { register_components(); }

  void write(const fs::path& file, const std::string& text) {
    fs::create_directories((folder_.path() / file).parent_path());
    std::ofstream(folder_.path() / file, std::ios::binary | std::ios::trunc) << text;
  }
  Pose pose(std::int64_t i) const { return room_pose(scene_, 0, 1, static_cast<double>(i) / kFrames); }

  std::string depth_png(std::int64_t frame, double scale, std::int64_t width = kCamera.width) const {
    image::Depths depths(width, kCamera.height, 1);
    const Pose p = pose(frame);
    for (std::int64_t r = 0; r < depths.height; ++r)
      for (std::int64_t c = 0; c < width; ++c) {
        const auto [u, v] = kCamera.tangents(static_cast<double>(c), static_cast<double>(r));
        const Vector3 d = p.direction(u, v);
        *depths.at(r, c) =
            static_cast<std::uint16_t>(std::lround(scene_.trace(p.origin, normalised(d)) / length(d) * scale));
      }
    return png_of(depths);
  }
  /// Twice as large as the depths, as ScanNet's are.
  std::string colour_png() const {
    image::Colours colours(2 * kCamera.width, 2 * kCamera.height, 3);
    for (std::int64_t r = 0; r < colours.height; ++r)
      for (std::int64_t c = 0; c < colours.width; ++c) colours.at(r, c)[0] = static_cast<std::uint8_t>(c);
    return png_of(colours);
  }
  /// Row by row, with the axes of OpenCV.
  std::array<double, 16> matrix(std::int64_t i) const {
    const Pose p = pose(i);
    std::array<double, 16> m{};
    for (std::size_t a = 0; a < 3; ++a) {
      m[4 * a] = p.right[a];
      m[4 * a + 1] = -p.up[a];
      m[4 * a + 2] = -p.back[a];
      m[4 * a + 3] = p.origin[a];
    }
    m[15] = 1;
    return m;
  }
  std::string quaternion(std::int64_t i) const {
    const auto m = matrix(i);
    // The largest of the four is found first, so that nothing small is divided by.
    const double t = m[0] + m[5] + m[10];
    std::array<double, 4> q{};  // x, y, z, w
    if (t > 0) {
      const double s = 2 * std::sqrt(1 + t);
      q = {(m[9] - m[6]) / s, (m[2] - m[8]) / s, (m[4] - m[1]) / s, s / 4};
    } else {
      const std::size_t a = m[0] > m[5] && m[0] > m[10] ? 0 : m[5] > m[10] ? 1 : 2, b = (a + 1) % 3, c = (a + 2) % 3;
      const auto at = [&](std::size_t r, std::size_t k) { return m[4 * r + k]; };
      const double s = 2 * std::sqrt(1 + at(a, a) - at(b, b) - at(c, c));
      q[a] = s / 4;
      q[b] = (at(b, a) + at(a, b)) / s;
      q[c] = (at(c, a) + at(a, c)) / s;
      q[3] = (at(c, b) - at(b, c)) / s;
    }
    return fmt::format("{} {} {} {} {} {} {}", m[3], m[7], m[11], q[0], q[1], q[2], q[3]);
  }

  void write_replica(double scale = 6553.5) {
    std::string poses;
    for (std::int64_t i = 0; i < kFrames; ++i) {
      write(fmt::format("results/frame{:06}.jpg", i), colour_png());
      write(fmt::format("results/depth{:06}.png", i), depth_png(i, scale));
      for (const double x : matrix(i)) poses += fmt::format("{:.17e} ", x);
      poses += "\n";
    }
    write("traj.txt", poses);
  }
  void write_tum() {
    std::string rgb = "# timestamp filename\n", depth = rgb, truth = "# timestamp tx ty tz qx qy qz qw\n";
    for (std::int64_t i = 0; i < kFrames; ++i) {
      const double time = 1305031102.175304 + 0.1 * static_cast<double>(i);
      write(fmt::format("rgb/{}.png", i), colour_png());
      write(fmt::format("depth/{}.png", i), depth_png(i, 5000));
      rgb += fmt::format("{:.6f} rgb/{}.png\n", time, i);
      depth += fmt::format("{:.6f} depth/{}.png\n", time + 0.02, i);
      truth += fmt::format("{:.4f} {}\n", time - 0.003, quaternion(i));
    }
    // One without a depth, one too soon after another.
    rgb += fmt::format("{:.6f} rgb/0.png\n{:.6f} rgb/0.png\n", 1305031110.0, 1305031102.175304 + 0.11);
    write("rgb.txt", rgb);
    write("depth.txt", depth);
    write("groundtruth.txt", truth);
  }
  void write_scannet() {
    for (std::int64_t i = 0; i <= kFrames; ++i) {
      std::string text;
      for (std::size_t k = 0; k < 16; ++k)
        text +=
            fmt::format("{}{}", i == kFrames ? "-inf" : fmt::format("{:.9g}", matrix(i)[k]), k % 4 == 3 ? "\n" : " ");
      write(fmt::format("pose/{}.txt", i), text);
      if (i == kFrames) continue;
      write(fmt::format("color/{}.jpg", i), colour_png());
      write(fmt::format("depth/{}.png", i), depth_png(i, 1000));
    }
    write("intrinsic/intrinsic_depth.txt", "40 0 23.5 0\n0 41 17.5 0\n0 0 1 0\n0 0 0 1\n");
  }

  MapData read(const std::string& source, const std::string& more = "") {
    const std::string camera = source == "scannet" ? "" : ", camera: {fx: 40, fy: 41, cx: 23.5, cy: 17.5}";
    return config::parse<Chosen>(config::parse_yaml("data: {type: " + source + ", path: " + folder_.path().string() +
                                                        ", views: 1, pixels: 0.1" + camera + more + "}\n",
                                                    "recording.yaml"))
        .data.create(RandomStreams(1));
  }
  struct Chosen {
    config::Component<MapSourceKind> data;
    friend void declare(config::Fields& f, Chosen& o) { f("data", o.data, "frames"); }
  };

  void expect_on_surfaces(const MapData& data, std::int64_t rays, double within) {
    EXPECT_EQ(data.frames.frames(), kFrames - 1);
    EXPECT_EQ(data.views.size(), 1u);
    EXPECT_EQ(data.frames.rays(), rays);
    const RayDataset set(data.frames);
    std::vector<std::int64_t> all(static_cast<std::size_t>(set.size()));
    std::iota(all.begin(), all.end(), 0);
    const WorldRays r = world_rays(set.batch(all, 0));
    const at::Tensor hits = r.origins + r.depths.unsqueeze(1) * r.directions;
    for (std::int64_t i = 0; i < set.size(); ++i)
      EXPECT_NEAR(scene_.distance({hits[i][0].item<double>(), hits[i][1].item<double>(), hits[i][2].item<double>()}), 0,
                  within);
    EXPECT_GT(r.colours.select(1, 0).max().item<double>(), 0.3) << "colours of the picture's right side";
    EXPECT_EQ(r.colours.select(1, 1).max().item<double>(), 0);
    const View seen = data.depth_view(0);
    EXPECT_GT(seen.depth.min().item<double>(), 0.1);
    for (std::size_t a = 0; a < 3; ++a) {
      EXPECT_GT(data.bounds.low[a], -0.3);
      EXPECT_LT(data.bounds.high[a], 6.3);
    }
  }

  const AnalyticScene scene_;
  const talweg::testing::TemporaryFolder folder_;
};

TEST_F(Recorded, ReplicaLiesOnTheSurfacesOfTheRoom) {
  write_replica();
  expect_on_surfaces(read("replica"), 172, 1e-3);
}

TEST_F(Recorded, TumLiesOnTheSurfacesOfTheRoom) {
  write_tum();
  const MapData data = read("tum_rgbd");
  expect_on_surfaces(data, 172, 1e-3);
  EXPECT_EQ(data.files.size(), 3u);
}

TEST_F(Recorded, ScanNetLiesOnTheSurfacesOfTheRoomWithoutItsBorder) {
  write_scannet();
  expect_on_surfaces(read("scannet", ", crop: 4"), 112, 2e-3);
}

TEST_F(Recorded, IsTakenInParts) {
  write_replica();
  EXPECT_EQ(read("replica", ", every: 2").frames.frames(), 2);
  EXPECT_EQ(read("replica", ", frames: 4").frames.frames(), 3);
  const at::Tensor exact = read("replica").frames.depths,
                   noisy = read("replica", ", noise: {base: 0.05}").frames.depths;
  EXPECT_NEAR((exact - noisy).std().item<double>(), 0.052, 0.01);
}

TEST_F(Recorded, HasAReferenceSurfaceFromAFile) {
  write_replica();
  geometry::Mesh mesh;
  mesh.vertices = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}};
  mesh.triangles = {{0, 1, 2}};
  geometry::write_ply(mesh, folder_.path() / "mesh.ply");
  const MapData data = read("replica", ", mesh: " + (folder_.path() / "mesh.ply").string());
  ASSERT_TRUE(data.mesh);
  EXPECT_EQ(data.mesh->triangles.size(), 1u);
}

TEST_F(Recorded, SaysWhatIsWrongAndWhere) {
  const auto of = [&](const std::string& source, const std::string& more = "") {
    return complaint([&] { read(source, more); });
  };
  EXPECT_THAT(of("replica", ", mesh: /nowhere.ply"), HasSubstr("recording.yaml:1:"));
  EXPECT_THAT(of("replica", ", mesh: /nowhere.ply"), HasSubstr("there is no file '/nowhere.ply'"));
  EXPECT_THAT(of("tum_rgbd"), HasSubstr("rgb.txt"));
  EXPECT_THAT(of("scannet"), HasSubstr("holds no pose"));

  write_replica();
  EXPECT_THAT(of("replica", ", frames: 1"), HasSubstr("nothing is left to train on"));
  EXPECT_THAT(of("replica", ", crop: 18"), HasSubstr("nothing is left of 48 × 36 pixels"));
  write("results/depth000006.png", depth_png(0, 6553.5));
  EXPECT_THAT(of("replica"), HasSubstr("has 6 poses, and"));
  fs::remove(folder_.path() / "results/depth000006.png");
  write("results/depth000002.png", depth_png(2, 6553.5, 40));
  EXPECT_THAT(of("replica"), HasSubstr("depth000002.png' has 40 × 36 pixels, and the first depth picture has 48 × 36"));
  write("results/depth000002.png", depth_png(2, 6553.5).substr(0, 200));
  EXPECT_THAT(of("replica"), HasSubstr("depth000002.png' cannot be decoded: the file is cut short"));
  fs::remove(folder_.path() / "results/depth000002.png");
  EXPECT_THAT(of("replica"), HasSubstr("depth000002.png"));

  write("traj.txt", "2 0 0 0 0 2 0 0 0 0 2 0 0 0 0 1\n");
  EXPECT_THAT(of("replica"),
              HasSubstr("traj.txt', line 1: the pose is no rotation: its axes have the lengths 2, 2, 2"));
  write("traj.txt", "1 0 0 0 0 1 0 0 0 0 -1 0 0 0 0 1\n");
  EXPECT_THAT(of("replica"), HasSubstr("span -1 where a rotation's span 1"));
  write("traj.txt", "1 0 0 x 0 1 0 0\n");
  EXPECT_THAT(of("replica"), HasSubstr("'x' is no number"));
  write("traj.txt", "1 0 0 0\n");
  EXPECT_THAT(of("replica"), HasSubstr("a pose has 16 numbers, row by row, not 4"));

  write_tum();
  write("groundtruth.txt", "1305031102.2 0 0 0 1 1 1 1\n");
  EXPECT_THAT(of("tum_rgbd"),
              HasSubstr("groundtruth.txt', line 1: the pose is no rotation: its quaternion has the length 2"));
  write("groundtruth.txt", "1 0 0 0 0 0 0 1\n");
  EXPECT_THAT(of("tum_rgbd"), HasSubstr("none of 8 pictures has a depth and a pose within 0.08 s"));
}

}  // namespace
}  // namespace talweg::tasks
