// Surfaces by marching cubes, their distances and files, against closed forms.
#include "core/geometry/marching_cubes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "complaint.h"
#include "core/error.h"
#include "core/geometry/mesh_files.h"
#include "core/geometry/mesh_metrics.h"
#include "core/temporary_folder.h"

namespace talweg::geometry {
namespace {

DistanceField sphere(double radius, std::int64_t* largest = nullptr) {
  return [=](std::span<const float> points, std::span<float> distances) {
    if (largest) *largest = std::max(*largest, static_cast<std::int64_t>(distances.size()));
    for (std::size_t i = 0; i < distances.size(); ++i)
      distances[i] =
          static_cast<float>(std::sqrt(points[3 * i] * points[3 * i] + points[3 * i + 1] * points[3 * i + 1] +
                                       points[3 * i + 2] * points[3 * i + 2]) -
                             radius);
  };
}

Mesh sphere_mesh() {
  return marching_cubes(Lattice::over({-0.7, -0.7, -0.7}, {0.7, 0.7, 0.7}, 0.02), sphere(0.5));
}

/// A square in the plane z = `height`.
Mesh square(double height) {
  Mesh mesh;
  const auto z = static_cast<float>(height);
  mesh.vertices = {{0, 0, z}, {2, 0, z}, {2, 2, z}, {0, 2, z}};
  mesh.triangles = {{0, 1, 2}, {0, 2, 3}};
  return mesh;
}

/// Six times the volume inside, positive where triangles are counter-clockwise seen from outside.
double signed_volume(const Mesh& mesh) {
  double sum = 0;
  for (const auto& t : mesh.triangles) sum += dot(mesh.vertex(t[0]), cross(mesh.vertex(t[1]), mesh.vertex(t[2])));
  return sum / 6;
}

TEST(MarchingCubes, ASphereIsClosedRoundAndFacesOutwards) {
  const Mesh mesh = sphere_mesh();
  double error = 0;
  for (std::uint32_t i = 0; i < mesh.vertices.size(); ++i) error += std::abs(length(mesh.vertex(i)) - 0.5);
  EXPECT_LT(error / static_cast<double>(mesh.vertices.size()), 2e-4);
  EXPECT_TRUE(is_watertight(mesh));
  EXPECT_EQ(euler_number(mesh), 2);
  EXPECT_NEAR(signed_volume(mesh), 4.0 / 3 * M_PI * 0.125, 2e-3);
}

TEST(MarchingCubes, OfAnySignsHasNoGaps) {
  // Random values make every case and every ambiguous face; negative corners at the border would leave the surface
  // open.
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    RandomGenerator random(seed);
    const Lattice lattice = Lattice::over({0, 0, 0}, {9, 8, 7}, 1);
    const Mesh mesh = marching_cubes(lattice, [&](std::span<const float> p, std::span<float> d) {
      for (std::size_t i = 0; i < d.size(); ++i) {
        const bool border = p[3 * i] < 0.5 || p[3 * i] > 8.5 || p[3 * i + 1] < 0.5 || p[3 * i + 1] > 7.5 ||
                            p[3 * i + 2] < 0.5 || p[3 * i + 2] > 6.5;
        d[i] = border ? 1 : static_cast<float>(2 * random.uniform() - 1);
      }
    });
    EXPECT_TRUE(is_watertight(mesh)) << seed;
    EXPECT_GT(mesh.triangles.size(), 500u);
    EXPECT_GT(signed_volume(mesh), 0);
  }
}

TEST(MarchingCubes, AsksForFewPointsAtATimeAndTheSameMeshComesOut) {
  std::int64_t largest = 0;
  const Lattice lattice = Lattice::over({-0.7, -0.7, -0.7}, {0.7, 0.7, 0.7}, 0.02);
  const Mesh mesh = marching_cubes(lattice, sphere(0.5, &largest), 100);
  EXPECT_EQ(largest, 100);
  EXPECT_EQ(mesh.vertices, sphere_mesh().vertices);
  EXPECT_EQ(lattice.size, (std::array<std::int64_t, 3>{71, 71, 71}));
}

TEST(MarchingCubes, ValuesThatAreNotFiniteAreFree) {
  const Mesh mesh = marching_cubes(Lattice::over({0, 0, 0}, {1, 1, 1}, 0.5),
                                   [](auto, std::span<float> d) { std::fill(d.begin(), d.end(), std::nanf("")); });
  EXPECT_TRUE(mesh.triangles.empty());
}

TEST(MarchingCubes, RefusesVoxelsThatDoNotFitTheBox) {
  EXPECT_THAT(testing::complaint([] {
                Lattice::over({0, 0, 0}, {1, 1, 0.1}, 0.3);
              }),
              ::testing::HasSubstr("along an axis of 0.1 m"));
}

TEST(MeshDistances, OfAMeshAndItselfAreThoseOfItsSamples) {
  const Mesh mesh = sphere_mesh();
  const MeshDistances d = mesh_distances(mesh, mesh, 20000, 0.05, RandomStreams(1));
  EXPECT_EQ(d.completion, 1);
  EXPECT_EQ(d.f1, 1);
  // The mean distance to the nearest of n random points of an area A is ½·√(A/n).
  EXPECT_NEAR(d.artefacts, 0.5 * std::sqrt(M_PI / 20000), 2e-4);
  EXPECT_NEAR(d.holes, d.artefacts, 1e-4);
}

TEST(MeshDistances, OfShiftedPlanesAreTheShift) {
  const auto of_shift = [](double shift) {
    return mesh_distances(square(shift), square(0), 40000, 0.05, RandomStreams(2));
  };
  EXPECT_NEAR(of_shift(0.03).artefacts, 0.030, 0.001);
  EXPECT_EQ(of_shift(0.03).completion, 1);
  EXPECT_NEAR(of_shift(0.07).artefacts, 0.070, 0.001);
  EXPECT_EQ(of_shift(0.07).completion, 0);
  EXPECT_EQ(of_shift(0.07).f1, 0);
}

TEST(NearestPoint, IsTheNearestOfAll) {
  RandomGenerator random(7);
  std::vector<Vector3> points;
  for (int i = 0; i < 500; ++i)
    points.push_back({random.uniform(), std::floor(4 * random.uniform()), random.uniform()});
  const NearestPoint nearest(points);
  for (int i = 0; i < 200; ++i) {
    const Vector3 from{2 * random.uniform() - 0.5, 5 * random.uniform(), random.uniform()};
    double best = 1e9;
    for (const Vector3& p : points) best = std::min(best, length(p - from));
    EXPECT_DOUBLE_EQ(nearest.distance(from), best);
  }
}

TEST(MeshFiles, APlyFileHoldsTheMeshAndItsColours) {
  const testing::TemporaryFolder folder;
  Mesh mesh = square(1.5);
  mesh.colours = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {250, 251, 252}};
  write_ply(mesh, folder.path() / "a.ply");
  const Mesh read = read_ply(folder.path() / "a.ply");
  EXPECT_EQ(read.vertices, mesh.vertices);
  EXPECT_EQ(read.triangles, mesh.triangles);
  EXPECT_EQ(read.colours, mesh.colours);
  std::ofstream(folder.path() / "b.ply")
      << "ply\r\nformat ascii 1.0\r\ncomment by hand\r\nelement vertex 4\r\nproperty "
         "double x\r\nproperty double y\r\nproperty double z\r\nproperty float s\r\n"
         "element face 1\r\nproperty list uchar int vertex_index\r\nend_header\r\n"
         "0 0 1.5 9\n2 0 1.5 9\n2 2 1.5 9\n0 2 1.5 9\n4 0 1 2 3\n";
  EXPECT_EQ(read_ply(folder.path() / "b.ply").vertices, mesh.vertices);
  EXPECT_EQ(read_ply(folder.path() / "b.ply").triangles, mesh.triangles);
}

TEST(MeshFiles, DamagedPlyFilesAreNamedWithWhatIsWrong) {
  const testing::TemporaryFolder folder;
  const auto of = [&](const std::string& content) {
    std::ofstream(folder.path() / "a.ply", std::ios::binary | std::ios::trunc) << content;
    return testing::complaint([&] { read_ply(folder.path() / "a.ply"); });
  };
  const std::string header =
      "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float "
      "z\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n";
  EXPECT_THAT(of("solid"), ::testing::HasSubstr("ends nowhere"));
  EXPECT_THAT(of("solid\n"), ::testing::HasSubstr("no PLY file"));
  EXPECT_THAT(of(header + "0 0 0\n3 0 0 7\n"), ::testing::HasSubstr("names vertex 7, and there are 1"));
  EXPECT_THAT(of(header + "0 0 0\n3 0 0\n"), ::testing::HasSubstr("shorter than its header says"));
  EXPECT_THAT(of("ply\nformat binary_big_endian 1.0\n"), ::testing::HasSubstr("binary_big_endian"));
}

TEST(MeshFiles, AnObjFileCountsFromOne) {
  const testing::TemporaryFolder folder;
  write_obj(square(0.25), folder.path() / "a.obj");
  std::ifstream file(folder.path() / "a.obj");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(text, ::testing::HasSubstr("v 2 2 0.25\n"));
  EXPECT_THAT(text, ::testing::EndsWith("f 1 2 3\nf 1 3 4\n"));
}

TEST(MeshFiles, TheViewerNeedsNothingElse) {
  const testing::TemporaryFolder folder;
  write_viewer(sphere_mesh(), "a <sphere>", folder.path() / "a.html");
  std::ifstream file(folder.path() / "a.html");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(text, ::testing::HasSubstr("a &lt;sphere&gt;"));
  EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("http")));
  EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("src=")));
}

TEST(Mesh, KeepsTheTrianglesOfChosenVertices) {
  const Mesh mesh = with_vertices(square(0), {false, true, false, false});
  EXPECT_EQ(mesh.triangles.size(), 1u);
  EXPECT_EQ(mesh.vertices.size(), 3u);
}

}  // namespace
}  // namespace talweg::geometry
