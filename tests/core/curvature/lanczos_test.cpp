#include "core/curvature/lanczos.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg {
namespace {

/// A symmetric matrix with these eigenvalues and random eigenvectors.
at::Tensor with_spectrum(const std::vector<double>& eigenvalues) {
  torch::manual_seed(7);
  const auto n = static_cast<std::int64_t>(eigenvalues.size());
  const at::Tensor basis = std::get<0>(at::linalg_qr(at::randn({n, n}, at::kDouble)));
  const at::Tensor matrix =
      basis.mm(at::diag(at::tensor(at::ArrayRef<double>(eigenvalues), at::kDouble))).mm(basis.t());
  return (matrix + matrix.t()) / 2;
}

LargestEigenvalues solve(const at::Tensor& matrix, const LanczosOptions& options, std::uint64_t seed = 1) {
  return largest_eigenvalues([&](const at::Tensor& v) { return matrix.mv(v); }, matrix.options(), matrix.size(0),
                             options, RandomGenerator(seed));
}

TEST(Lanczos, AgreesWithADenseSolverOnARandomMatrix) {
  torch::manual_seed(3);
  const at::Tensor half = at::randn({300, 300}, at::kDouble), matrix = half + half.t();
  const at::Tensor exact = at::linalg_eigvalsh(matrix);
  const LargestEigenvalues found = solve(matrix, {5, 1e-9, 5000});
  ASSERT_TRUE(found.converged);
  for (int i = 0; i < 5; ++i) {
    EXPECT_NEAR(found.values[static_cast<std::size_t>(i)], exact[299 - i].item<double>(), 1e-7);
    // The residual that is reported is that of the vector that is answered.
    const at::Tensor v = found.vectors[i];
    EXPECT_NEAR((matrix.mv(v) - found.values[static_cast<std::size_t>(i)] * v).norm().item<double>(),
                found.residuals[static_cast<std::size_t>(i)], 1e-9);
  }
  EXPECT_LT((found.vectors.mm(found.vectors.t()) - at::eye(5, at::kDouble)).abs().max().item<double>(), 1e-10);
}

TEST(Lanczos, AnswersTheLargestValueNotTheLargestMagnitude) {
  std::vector<double> spectrum(100, 0.5);
  spectrum[3] = -1000;
  spectrum[8] = 2;
  const LargestEigenvalues found = solve(with_spectrum(spectrum), {1, 1e-10, 1000});
  EXPECT_NEAR(found.values[0], 2, 1e-6);
  EXPECT_NEAR(found.smallest, -1000, 1e-6);
}

TEST(Lanczos, SeparatesNearbyEigenvaluesOfASmallGap) {
  std::vector<double> spectrum;
  for (int i = 0; i < 200; ++i) spectrum.push_back(i / 200.0);
  spectrum.push_back(64.63);
  spectrum.push_back(64.62);
  const LargestEigenvalues found = solve(with_spectrum(spectrum), {2, 1e-10, 2000});
  EXPECT_NEAR(found.values[0], 64.63, 1e-8);
  EXPECT_NEAR(found.values[1], 64.62, 1e-8);
}

TEST(Lanczos, CountsEigenvaluesAsOftenAsTheyOccur) {
  std::vector<double> spectrum(60, 0);
  for (const auto& [place, value] : {std::pair<int, double>{1, 9}, {5, 7}, {20, 7}, {33, 7}, {40, 4}, {41, 4}})
    spectrum[static_cast<std::size_t>(place)] = value;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const LargestEigenvalues found = solve(with_spectrum(spectrum), {5, 1e-10, 1000}, seed);
    const std::vector<double> expected{9, 7, 7, 7, 4};
    for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(found.values[i], expected[i], 1e-8) << i << " seed " << seed;
  }
}

TEST(Lanczos, SmallMatricesAreSolvedCompletely) {
  EXPECT_THAT(solve(with_spectrum({3, -1}), {5, 1e-10, 100}).values,
              ::testing::ElementsAre(::testing::DoubleNear(3, 1e-12), ::testing::DoubleNear(-1, 1e-12)));
  EXPECT_THAT(solve(with_spectrum({-4}), {1, 1e-10, 100}).values,
              ::testing::ElementsAre(::testing::DoubleNear(-4, 1e-12)));
  EXPECT_NEAR(solve(at::zeros({30, 30}, at::kDouble), {3, 1e-10, 100}).values[2], 0, 1e-12);
}

TEST(Lanczos, ReportsWhenTheProductsDoNotSuffice) {
  torch::manual_seed(3);
  const at::Tensor half = at::randn({300, 300}, at::kDouble);
  const LargestEigenvalues found = solve(half + half.t(), {1, 1e-12, 12});
  EXPECT_FALSE(found.converged);
  EXPECT_EQ(found.products, 13);  // one more for the residual
  EXPECT_GT(found.residuals[0], 1e-3);
}

TEST(Lanczos, Float32ReachesItsPrecision) {
  std::vector<double> spectrum(500, 1);
  spectrum[17] = 50;
  const at::Tensor matrix = with_spectrum(spectrum).to(at::kFloat);
  const LargestEigenvalues found = solve(matrix, {1, 1e-4, 500});
  EXPECT_TRUE(found.converged);
  EXPECT_NEAR(found.values[0], 50, 50 * 1e-5);
}

TEST(Lanczos, NamesNonFiniteProducts) {
  EXPECT_THROW(solve(at::full({10, 10}, NAN, at::kDouble), {1, 1e-6, 100}), TrainingError);
}

}  // namespace
}  // namespace talweg
