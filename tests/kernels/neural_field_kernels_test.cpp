// The kernels of neural fields against plain loops.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/numbers.h"
#include "models/neural_field/decoder_kernel.h"
#include "models/neural_field/grid_arithmetic.h"
#include "models/neural_field/grid_kernel.h"
#include "models/neural_field/one_blob_arithmetic.h"
#include "models/neural_field/ray_kernel.h"

namespace talweg::models {
namespace {

template <class T>
class NeuralFieldKernels : public ::testing::Test {
 protected:
  static constexpr double kAllowed = sizeof(T) == 8 ? 1e-12 : 2e-5;
};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(NeuralFieldKernels, Types);

/// A dense level and a hashed one.
const GridLevel kLevels[] = {{3.0f, 4, 64, false, 0}, {10.7f, 12, 256, true, 64}};
constexpr std::int64_t kEntries = 64 + 256, kPoints = 1043;

template <class T>
std::vector<T> places(std::uint64_t seed) {
  std::vector<T> x = test::numbers<T>(3 * kPoints, seed);
  for (T& one : x) one = T(0.6) * one + T(0.5);  // some lie outside
  return x;
}

TYPED_TEST(NeuralFieldKernels, TheGridWeighsTheCornersOfEachPoint) {
  using T = TypeParam;
  const std::vector<T> x = places<T>(1), table = test::numbers<T>(2 * kEntries, 2);
  std::vector<T> features(4 * kPoints);
  grid_encode(GridProblem<T>{kLevels, 0, 2, x.data(), 4}, table.data(), 0, 500, features.data());
  grid_encode(GridProblem<T>{kLevels, 0, 2, x.data(), 4}, table.data(), 500, kPoints, features.data());
  for (std::size_t p = 0; p < kPoints; ++p)
    for (std::size_t l = 0; l < 2; ++l) {
      std::uint32_t lower[3];
      T fraction[3];
      for (std::size_t a = 0; a < 3; ++a) grid::locate(x[3 * p + a], kLevels[l].scale, lower[a], fraction[a]);
      double sums[2] = {};
      for (int k = 0; k < 8; ++k) {
        std::uint32_t entry = 0;
        T weight = 0;
        const auto side = [&](int a) { return lower[a] + static_cast<std::uint32_t>(k >> a & 1); };
        grid::entry_of(kLevels[l], side(0), side(1), side(2), entry);
        grid::corner_weight(k, fraction, weight);
        for (std::size_t f = 0; f < 2; ++f)
          sums[f] += static_cast<double>(weight) *
                     static_cast<double>(table[2 * (static_cast<std::size_t>(kLevels[l].first) + entry) + f]);
      }
      for (std::size_t f = 0; f < 2; ++f) ASSERT_NEAR(features[4 * p + 2 * l + f], sums[f], this->kAllowed);
    }
}

TYPED_TEST(NeuralFieldKernels, ScatteringIsTheAdjointOfEncoding) {
  using T = TypeParam;
  const std::vector<T> x = places<T>(3), table = test::numbers<T>(2 * kEntries, 4),
                       pull = test::numbers<T>(4 * kPoints, 5);
  std::vector<T> features(4 * kPoints), sums(2 * kEntries);
  grid_encode(GridProblem<T>{kLevels, 0, 2, x.data(), 4}, table.data(), 0, kPoints, features.data());
  for (const std::int64_t level : {0, 1})
    grid_scatter(GridProblem<T>{kLevels, level, level + 1, x.data(), 4}, pull.data(), 0, kPoints, sums.data());
  double one = 0, other = 0;
  for (std::size_t i = 0; i < features.size(); ++i)
    one += static_cast<double>(features[i]) * static_cast<double>(pull[i]);
  for (std::size_t i = 0; i < sums.size(); ++i) other += static_cast<double>(sums[i]) * static_cast<double>(table[i]);
  EXPECT_NEAR(one, other, 100 * this->kAllowed);
}

/// A decoder of 5 dense inputs, 4 bins, `kHidden` units and 6 outputs, and its plain evaluation.
template <class T>
struct SmallDecoder {
  static constexpr std::int64_t kDense = 5, kBins = 4, kHidden = 33, kOutputs = 6, kWidth = 64;
  std::vector<T> in = test::numbers<T>((kDense + 3 * kBins) * kHidden, 6),
                 out = test::numbers<T>(kOutputs * kHidden, 7);
  std::vector<T> features = test::numbers<T>(kPoints * kDense, 8), x = places<T>(9);
  std::vector<T> of_dense = std::vector<T>(kDense * kWidth), of_dense_back = std::vector<T>(kHidden * 32),
                 of_blob = std::vector<T>(3 * kBins * kWidth), of_out = std::vector<T>(kOutputs * kWidth),
                 out_back = std::vector<T>(kHidden * 32);

  SmallDecoder() {
    for (std::size_t h = 0; h < kHidden; ++h) {
      for (std::size_t g = 0; g < kDense; ++g)
        of_dense[g * kWidth + h] = of_dense_back[h * 32 + g] = in[g * kHidden + h];
      for (std::size_t b = 0; b < 3 * kBins; ++b) of_blob[b * kWidth + h] = in[(kDense + b) * kHidden + h];
      for (std::size_t o = 0; o < kOutputs; ++o) of_out[o * kWidth + h] = out_back[h * 32 + o] = out[o * kHidden + h];
    }
  }
  DecoderProblem<T> problem() const {
    return {kDense,         kBins,         kHidden,         kOutputs,        of_dense.data(), of_dense_back.data(),
            of_blob.data(), of_out.data(), out_back.data(), features.data(), kDense,          x.data()};
  }
  /// Σ of outputs times `pull`, in double precision.
  double value(const std::vector<T>& pull) const {
    double sum = 0;
    for (std::size_t p = 0; p < kPoints; ++p) {
      std::vector<double> inputs(kDense + 3 * kBins);
      for (std::size_t g = 0; g < kDense; ++g) inputs[g] = static_cast<double>(features[p * kDense + g]);
      for (std::size_t a = 0; a < 3; ++a) {
        T shares[3];
        std::int32_t bin = 0;
        one_blob_bins(x[3 * p + a], static_cast<std::int32_t>(kBins), bin, shares);
        for (std::size_t k = 0; k < 3; ++k)
          inputs[kDense + a * kBins + (static_cast<std::size_t>(bin) + k) % kBins] += static_cast<double>(shares[k]);
      }
      for (std::size_t h = 0; h < kHidden; ++h) {
        double unit = 0;
        for (std::size_t i = 0; i < inputs.size(); ++i) unit += inputs[i] * static_cast<double>(in[i * kHidden + h]);
        for (std::size_t o = 0; unit > 0 && o < kOutputs; ++o)
          sum += unit * static_cast<double>(out[o * kHidden + h]) * static_cast<double>(pull[p * kOutputs + o]);
      }
    }
    return sum;
  }
};

TYPED_TEST(NeuralFieldKernels, TheDecoderLeavesTheZerosOfItsInputsOut) {
  using T = TypeParam;
  using Decoder = SmallDecoder<T>;
  Decoder d;
  const std::vector<T> pull = test::numbers<T>(kPoints * Decoder::kOutputs, 10);
  std::vector<T> hidden(kPoints * Decoder::kWidth), outputs(kPoints * Decoder::kOutputs);
  decoder_forward(d.problem(), 0, 501, hidden.data(), outputs.data());
  decoder_forward(d.problem(), 501, kPoints, hidden.data(), outputs.data());
  double sum = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    sum += static_cast<double>(outputs[i]) * static_cast<double>(pull[i]);
  const double expected = d.value(pull);
  EXPECT_NEAR(sum, expected, 1000 * this->kAllowed);

  std::vector<T> by_features(kPoints * Decoder::kDense), by_dense(d.of_dense.size()), by_blob(d.of_blob.size()),
      by_out(d.of_out.size()), memory(Decoder::kWidth);
  decoder_backward(d.problem(), 0, kPoints, hidden.data(), pull.data(),
                   {by_features.data(), by_dense.data(), by_blob.data(), by_out.data()}, memory.data());
  // The value is homogeneous of degree one in the outer weights and in the inner ones.
  double by_inner = 0, by_outer = 0;
  for (std::size_t i = 0; i < by_dense.size(); ++i)
    by_inner += static_cast<double>(by_dense[i]) * static_cast<double>(d.of_dense[i]);
  for (std::size_t i = 0; i < by_blob.size(); ++i)
    by_inner += static_cast<double>(by_blob[i]) * static_cast<double>(d.of_blob[i]);
  for (std::size_t i = 0; i < by_out.size(); ++i)
    by_outer += static_cast<double>(by_out[i]) * static_cast<double>(d.of_out[i]);
  EXPECT_NEAR(by_inner, expected, 2000 * this->kAllowed);
  EXPECT_NEAR(by_outer, expected, 2000 * this->kAllowed);
  // One feature, by differences in the plain evaluation; the ramps make it exact but where a unit passes zero.
  if (sizeof(T) == 4) return;
  const double step = 1e-6;
  d.features[7] += static_cast<T>(step);
  const double up = d.value(pull);
  d.features[7] -= static_cast<T>(2 * step);
  EXPECT_NEAR((up - d.value(pull)) / (2 * step), static_cast<double>(by_features[7]), 1e-6);
}

TEST(RayKernel, SlopesAreThoseOfTheObjective) {
  using T = double;
  constexpr std::int64_t kSamples = 19, kRays = 6;
  std::vector<T> distance = test::numbers<T>(kRays * kSamples, 11), colour = test::numbers<T>(3 * kRays * kSamples, 12),
                 truth = test::numbers<T>(3 * kRays, 13), z(kRays * kSamples), depth{2, 1, 0, 3, 7, 2.45};
  for (std::size_t i = 0; i < z.size(); ++i) z[i] = static_cast<T>(0.2 * static_cast<double>(i % kSamples));
  const RayProblem<T> p{kSamples, distance.data(), z.data(), colour.data(), depth.data(), truth.data(), T(0.1),
                        T(6.5),   T(0.3),          T(0.02),  T(0.1),        T(0.01),      T(1)};
  const RayCounts counts = count_samples(p, 0, kRays);
  EXPECT_EQ(counts.measured, 4);
  EXPECT_EQ(counts.surface, 4) << "one within the truncation of each measured depth";
  std::vector<T> by_distance(distance.size()), by_colour(colour.size()), ignored(colour.size()),
      memory(static_cast<std::size_t>(ray_scratch(kSamples)));
  ray_objective(p, 0, kRays, by_distance.data(), by_colour.data(), memory.data());
  const auto slope = [&](T& at) {
    const T before = at, step = T(1e-6);
    std::vector<T> other(distance.size());
    at = before + step;
    const double up = ray_objective(p, 0, kRays, other.data(), ignored.data(), memory.data());
    at = before - step;
    const double down = ray_objective(p, 0, kRays, other.data(), ignored.data(), memory.data());
    at = before;
    return (up - down) / (2 * static_cast<double>(step));
  };
  for (std::size_t i = 0; i < distance.size(); i += 5) EXPECT_NEAR(slope(distance[i]), by_distance[i], 1e-7) << i;
  for (std::size_t i = 0; i < colour.size(); i += 7) EXPECT_NEAR(slope(colour[i]), by_colour[i], 1e-7) << i;
}

}  // namespace
}  // namespace talweg::models
