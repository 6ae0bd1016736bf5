// The hash grid against fixed numbers, LibTorch's operations, finite differences, and itself on several threads.
#include "models/neural_field/hash_grid.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <array>
#include <limits>

#include "core/error.h"
#include "core/libtorch.h"
#include "models/neural_field/grid_arithmetic.h"
#include "models/neural_field/neural_field.h"
#include "models/neural_field/one_blob.h"

namespace talweg::models {
namespace {

// Source of the fixed numbers: computed by hand from RAMEN §3.1; the layout of the first is
// that of the released code.
constexpr GridShape kOffice{16, 16, 260, 16};

/// Entry k of the flat table is (k mod 1000 − 500)/1000.
at::Tensor counting_table(const GridLayout& layout, at::ScalarType type) {
  return (0.001 * (at::arange(layout.parameters(), at::kDouble).remainder(1000) - 500)).view({-1, 2}).to(type);
}

at::Tensor some_points(std::int64_t count, at::ScalarType type) {
  torch::manual_seed(3);
  return at::rand({count, 3}, at::kDouble).mul(1.2).sub(0.1).to(type);  // some lie outside
}

TEST(GridLayout, HasTheSizesOfTheScenesThatWerePublished) {
  const std::pair<double, double> scenes[] = {{6.0, 0.02}, {5.2, 0.02}, {7.0, 0.02},
                                              {9.0, 0.04}, {9.9, 0.04}, {8.6, 0.04}};
  const std::int64_t finest[] = {300, 260, 350, 225, 247, 215};
  const std::int64_t parameters[] = {1628176, 1616144, 1652560, 1593680, 1613072, 1582800};
  for (std::size_t i = 0; i < std::size(scenes); ++i) {
    const std::int64_t r = finest_resolution(scenes[i].first, scenes[i].second);
    EXPECT_EQ(r, finest[i]);
    EXPECT_EQ(GridLayout({16, 16, r, 16}).parameters(), parameters[i]);
  }
  const GridLayout turtlebot({16, 16, 300, 16});
  const std::pair<std::uint32_t, std::uint32_t> levels[] = {
      {16, 4096}, {20, 8000}, {24, 13824}, {29, 24392}, {35, 42880}};
  for (std::size_t l = 0; l < 16; ++l) {
    EXPECT_EQ(turtlebot.levels()[l].hashed, l >= 5);
    EXPECT_EQ(turtlebot.levels()[l].entries, l < 5 ? levels[l].second : 65536);
    if (l >= 5) continue;
    EXPECT_EQ(turtlebot.levels()[l].resolution, levels[l].first);
  }
}

TEST(GridLayout, RefusesShapesThatAreNone) {
  EXPECT_THROW(GridLayout({0, 16, 300, 16}), ConfigError);
  EXPECT_THROW(GridLayout({16, 16, 15, 16}), ConfigError);
  EXPECT_THROW(GridLayout({16, 16, 300, 29}), ConfigError);
}

TEST(NeuralField, HasTheParametersOfThePublishedNetworks) {
  const NeuralField field({16, 16, 300, 16}, {}, {{0, 0, 0}, {6, 6, 1.5}});
  std::int64_t decoder = 0, all = 0;
  for (const auto& item : field.named_parameters()) {
    all += item.value().numel();
    if (item.key() != "grid") decoder += item.value().numel();
  }
  EXPECT_EQ(decoder, 5184);
  EXPECT_EQ(all, 1633360);
}

TEST(HashGrid, EncodesTheFixedTable) {
  const GridLayout layout(kOffice);
  const struct {
    std::array<double, 3> point;
    std::int64_t level;
    double first, second;
  } expected[] = {{{0.3, 0.6, 0.9}, 0, -0.018, -0.017},        {{0.3, 0.6, 0.9}, 4, -0.044441, -0.043441},
                  {{0.3, 0.6, 0.9}, 5, -0.122834, -0.121834},  {{0.3, 0.6, 0.9}, 10, 0.043004, 0.044004},
                  {{0.3, 0.6, 0.9}, 15, -0.125265, -0.124265}, {{0.5, 0.5, 0.5}, 0, -0.132, -0.131},
                  {{0.5, 0.5, 0.5}, 5, 0.206340, 0.207340},    {{0.5, 0.5, 0.5}, 15, 0.111971, 0.112971}};
  for (const auto& e : expected) {
    const at::Tensor x = at::tensor({e.point[0], e.point[1], e.point[2]}, at::kFloat).view({1, 3});
    const at::Tensor out = hash_encode(counting_table(layout, at::kFloat), x, layout)[0];
    EXPECT_NEAR(out[2 * e.level].item<double>(), e.first, 2e-5) << e.level;
    EXPECT_NEAR(out[2 * e.level + 1].item<double>(), e.second, 2e-5) << e.level;
  }
}

TEST(HashGrid, CornersHaveTheFixedEntries) {
  const GridLayout layout(kOffice);
  const auto entries = [&](std::size_t level, float x) {
    std::vector<std::uint32_t> list;
    std::uint32_t vertex = 0;
    float fraction = 0;
    grid::locate(x, layout.levels()[level].scale, vertex, fraction);
    for (std::uint32_t k = 0; k < 8; ++k) {
      std::uint32_t entry = 0;
      grid::entry_of(layout.levels()[level], vertex + (k & 1), vertex + (k >> 1 & 1), vertex + (k >> 2 & 1), entry);
      list.push_back(entry);
    }
    return list;
  };
  EXPECT_EQ(entries(5, 0.5f), (std::vector<std::uint32_t>{22116, 22117, 11317, 11316, 44793, 44792, 54440, 54441}));
  EXPECT_EQ(entries(0, 1.0f), (std::vector<std::uint32_t>{4095, 0, 15, 16, 255, 256, 271, 272}));
}

class HashGridOfType : public ::testing::TestWithParam<at::ScalarType> {};

TEST_P(HashGridOfType, AgreesWithLibTorchsOperations) {
  const bool wide = GetParam() == at::kDouble;
  const GridLayout layout({7, 4, 61, 10});
  const at::Tensor table = at::randn({layout.entries(), 2}, GetParam()).requires_grad_();
  const at::Tensor points = some_points(1501, GetParam()), pull = at::randn({1501, 14}, GetParam());
  const at::Tensor ours = hash_encode(table, points, layout), theirs = hash_encode_by_operations(table, points, layout);
  // Places are rounded at 61 vertices along each of three axes, on which values differ by at most the table's range.
  const double epsilon = wide ? std::numeric_limits<double>::epsilon() : double{std::numeric_limits<float>::epsilon()};
  const double range = (table.max() - table.min()).item<double>();
  EXPECT_LT((ours - theirs).abs().max().item<double>(), 3 * 61 * epsilon * range);
  const at::Tensor by_us = torch::autograd::grad({(ours * pull).sum()}, {table})[0],
                   by_them = torch::autograd::grad({(theirs * pull).sum()}, {table})[0];
  EXPECT_LT((by_us - by_them).abs().max().item<double>(), wide ? 1e-12 : 3e-4);
  EXPECT_TRUE(at::equal(by_us == 0, by_them == 0)) << "an entry that no point touches has no gradient at all";
}
INSTANTIATE_TEST_SUITE_P(InBothPrecisions, HashGridOfType, ::testing::Values(at::kFloat, at::kDouble),
                         [](const auto& type) {
                           return std::string(type.param == at::kDouble ? "float64" : "float32");
                         });

TEST(HashGrid, GradientsAreThoseOfFiniteDifferences) {
  const GridLayout layout({4, 3, 17, 7});
  torch::manual_seed(1);
  const at::Tensor table = at::randn({layout.entries(), 2}, at::kDouble).requires_grad_();
  const at::Tensor points = some_points(40, at::kDouble);
  const auto value = [&](const at::Tensor& t) { return hash_encode(t, points, layout).sin().sum(); };
  const at::Tensor gradient = torch::autograd::grad({value(table)}, {table}, {}, true, true)[0];
  const at::Tensor direction = at::randn_like(table);
  const torch::NoGradGuard no_grad;
  const double step = 1e-5;
  const double difference =
      (value(table + step * direction) - value(table - step * direction)).item<double>() / (2 * step);
  EXPECT_NEAR(difference / (gradient * direction).sum().item<double>(), 1, 1e-6);
}

TEST(HashGrid, HasSecondDerivatives) {
  const GridLayout layout({3, 3, 9, 6});
  torch::manual_seed(2);
  const at::Tensor table = at::randn({layout.entries(), 2}, at::kDouble).requires_grad_();
  const at::Tensor points = some_points(20, at::kDouble), direction = at::randn({layout.entries(), 2}, at::kDouble);
  const auto product = [&](const auto& encode) {
    const at::Tensor value = encode(table, points, layout).sin().sum();
    const at::Tensor gradient = torch::autograd::grad({value}, {table}, {}, true, true)[0];
    return torch::autograd::grad({(gradient * direction).sum()}, {table})[0];
  };
  EXPECT_LT((product(hash_encode) - product(hash_encode_by_operations)).abs().max().item<double>(), 1e-12);
}

TEST(HashGrid, ThreadsChangeNothing) {
  const GridLayout layout(kOffice);
  torch::manual_seed(4);
  const at::Tensor table = at::randn({layout.entries(), 2}).requires_grad_();
  const at::Tensor points = some_points(9000, at::kFloat), pull = at::randn({9000, 32});
  std::vector<at::Tensor> features, gradients;
  const int before = at::get_num_threads();
  for (const int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    features.push_back(hash_encode(table, points, layout));
    gradients.push_back(torch::autograd::grad({(features.back() * pull).sum()}, {table})[0]);
  }
  at::set_num_threads(before);
  for (std::size_t i = 1; i < features.size(); ++i) {
    EXPECT_TRUE(at::equal(features[0], features[i]));
    EXPECT_TRUE(at::equal(gradients[0], gradients[i]));
  }
}

TEST(OneBlob, HasTheFixedBins) {
  const auto bins = [](double x) {
    return one_blob(at::tensor({x, 0.2, 0.9}, at::kDouble).view({1, 3}), 16)[0].narrow(0, 0, 16);
  };
  const std::vector<std::pair<double, std::vector<std::pair<int, double>>>> expected = {
      {0.5, {{7, 0.5}, {8, 0.5}}},
      {0.03125, {{0, 0.792969}, {1, 0.103516}, {15, 0.103516}}},
      {0.3, {{3, 0.008560}, {4, 0.674000}, {5, 0.317440}}},
      {0, {{0, 0.5}, {15, 0.5}}},
      {1, {{0, 0.5}, {15, 0.5}}}};
  for (const auto& [x, shares] : expected) {
    const at::Tensor row = bins(x);
    double rest = 1;
    for (const auto& [bin, share] : shares) {
      EXPECT_NEAR(row[bin].item<double>(), share, 1e-6) << x;
      rest -= share;
    }
    EXPECT_NEAR(row.sum().item<double>(), 1, 1e-12);
    EXPECT_NEAR(rest, 0, 2e-6);
  }
}

TEST(OneBlob, AgreesWithLibTorchsOperations) {
  const at::Tensor x = some_points(500, at::kDouble);
  EXPECT_LT((one_blob(x, 16) - one_blob_by_operations(x, 16)).abs().max().item<double>(), 1e-12);
}

TEST(OneBlob, IsTheIntegralOfItsKernelOverEachBin) {
  // The integral by many small steps, and the kernel's images one period to both sides.
  torch::manual_seed(6);
  const at::Tensor x = at::rand({5, 3}, at::kDouble);
  const at::Tensor bins = one_blob(x, 16).view({5, 3, 16});
  constexpr std::int64_t kSteps = 20000;
  const at::Tensor places = (at::arange(16 * kSteps, at::kDouble) + 0.5) / (16 * kSteps);
  for (std::int64_t i = 0; i < 5; ++i) {
    at::Tensor density = at::zeros_like(places);
    for (const double shift : {-1.0, 0.0, 1.0}) {
      const at::Tensor u = (places - x[i][1] - shift) * 16;
      density += (15.0 / 16 * 16 * (1 - u.square()).square()) * (u.abs() < 1);
    }
    EXPECT_LT((density.view({16, kSteps}).mean(1) / 16 - bins[i][1]).abs().max().item<double>(), 1e-8);
  }
}

}  // namespace
}  // namespace talweg::models
