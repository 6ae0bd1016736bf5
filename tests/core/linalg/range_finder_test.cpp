#include "core/linalg/range_finder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "core/libtorch.h"
#include "core/linalg/symmetric_eigen.h"
#include "core/random/seeded_normals.h"
#include "host_reads.h"

namespace talweg::linalg {
namespace {

at::Tensor normals(at::IntArrayRef sizes, std::uint64_t seed, at::ScalarType type = at::kDouble) {
  at::Tensor tensor = at::empty(sizes, type);
  fill_with_seeded_normals(tensor, seed);
  return tensor;
}

at::Tensor orthonormal(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  return std::get<0>(at::linalg_qr(normals({rows, columns}, seed)));
}

/// m×n with the given singular values.
at::Tensor with_spectrum(std::int64_t m, std::int64_t n, const std::function<double(int)>& sigma) {
  const std::int64_t s = std::min(m, n);
  at::Tensor values = at::empty({s}, at::kDouble);
  for (std::int64_t j = 0; j < s; ++j) values[j] = sigma(static_cast<int>(j) + 1);
  return at::mm(orthonormal(m, s, 1) * values, orthonormal(n, s, 2).t());
}

double largest_defect(const at::Tensor& basis) {
  const at::Tensor gram = at::matmul(basis.mT(), basis);
  return (gram - at::eye(basis.size(-1), basis.options())).abs().max().item<double>();
}

double frobenius_error(const at::Tensor& a, const at::Tensor& basis) {
  return at::linalg_norm(a - at::mm(basis, at::mm(basis.t(), a))).item<double>();
}

TEST(RangeFinder, BasesTurnWithTheMatrix) {
  // QR with a diagonal that is not negative is unique, so U·A has the basis U·Q: signs of the library would not turn.
  const at::Tensor a = normals({40, 7}, 21), rotation = orthonormal(40, 40, 22);
  const at::Tensor basis = orthonormal_columns(a);
  EXPECT_LT((orthonormal_columns(at::mm(rotation, a)) - at::mm(rotation, basis)).abs().max().item<double>(), 1e-13);
  EXPECT_GT(at::mm(basis.t(), a).diagonal().min().item<double>(), 0.1);
}

// Three rows hold numbers, and of rank two: what completes the basis in them is fixed but for its sign, for which the
// order of a sum must not matter; nor for the pairs, of which the range has a larger basis.
TEST(RangeFinder, SignsAreThoseOfTheDirectionsUnderRounding) {
  at::Tensor a = at::zeros({6, 64}, at::kDouble);
  const at::Tensor left = normals({3, 2}, 5), right = normals({2, 64}, 6), sketch = normals({1, 64, 3}, 7);
  a.narrow(0, 1, 3).copy_(left.mm(right));
  for (int i = 0; i < 20; ++i) {
    at::Tensor rounded = a * (1 + 1e-16 * normals({6, 64}, 20 + i));
    rounded.add_(a, 0.3).sub_(a, 0.3);
    const at::Tensor basis = range_basis({a}, sketch, 1), other = range_basis({rounded}, sketch, 1);
    EXPECT_LT((basis - other).abs().max().item<double>(), 1e-13) << i;
    const at::Tensor wide = normals({1, 64, 6}, 8);
    const SingularPairs pairs = randomized_pairs({a}, wide, 2, 1), others = randomized_pairs({rounded}, wide, 2, 1);
    EXPECT_LT((pairs.left - others.left).abs().max().item<double>(), 1e-13) << i;
    EXPECT_LT((pairs.right - others.right).abs().max().item<double>(), 1e-13) << i;
  }
}

TEST(RangeFinder, SignsOfPairsFollowFromTheirDirections) {
  const SingularPairs pairs = randomized_pairs({normals({30, 20}, 9)}, normals({1, 20, 12}, 10), 8, 2);
  EXPECT_TRUE((at::matmul(at::arange(30, at::kDouble).cos(), pairs.left) > 0).all().item<bool>());
}

TEST(RangeFinder, PairsOfWholeMatricesHaveTheSizeOfTheMatrix) {
  for (const auto& [rows, columns] : {std::pair{9, 5}, {5, 9}}) {
    const at::Tensor a = 300 * normals({1, rows, columns}, 11), values = at::linalg_svdvals(a[0]).narrow(0, 0, 3);
    for (const SingularPairs& pairs : {exact_pairs({a[0]}, 3), gram_pairs(a, 3)}) {
      EXPECT_TRUE(at::allclose(pairs.values[0], values, 1e-12));
      EXPECT_TRUE(at::allclose(at::mm(a[0], pairs.right[0]), pairs.left[0] * values, 0, 1e-9));
      EXPECT_TRUE(at::allclose(at::mm(a[0].t(), pairs.left[0]), pairs.right[0] * values, 0, 1e-9));
    }
  }
}

TEST(RangeFinder, RecoversAMatrixOfExactRank) {
  const at::Tensor a = at::mm(normals({60, 5}, 3, at::kFloat), normals({5, 40}, 4, at::kFloat));
  const at::Tensor basis = range_basis({a}, normals({1, 40, 5}, 5, at::kFloat), 0)[0];
  EXPECT_LT(largest_defect(basis), 1e-5);
  EXPECT_LT(frobenius_error(a, basis), 1e-5 * at::linalg_norm(a).item<double>());
}

TEST(RangeFinder, ScaleOfTheSketchDoesNotMatter) {
  const at::Tensor a = with_spectrum(30, 20, [](int j) { return 1.0 / j; });
  const at::Tensor sketch = normals({1, 20, 6}, 7);
  const at::Tensor once = range_basis({a}, sketch, 0)[0], seven = range_basis({a}, 7 * sketch, 0)[0];
  EXPECT_LT((at::mm(once.t(), seven).abs() - at::eye(6, at::kDouble)).abs().max().item<double>(), 1e-12);
}

struct Means {
  double frobenius, spectral;
};

/// Mean errors over 200 sketches; `rank` > 0 truncates to that rank.
Means mean_errors(const at::Tensor& a, std::int64_t width, std::int64_t powers, std::int64_t rank,
                  bool spectral = false) {
  Means means{0, 0};
  constexpr int kDraws = 200;
  const at::Tensor sketches = normals({kDraws, a.size(1), width}, 11);
  for (int i = 0; i < kDraws; ++i) {
    const at::Tensor sketch = sketches.narrow(0, i, 1);
    const at::Tensor basis =
        rank > 0 ? randomized_pairs({a}, sketch, rank, powers).left[0] : range_basis({a}, sketch, powers)[0];
    const at::Tensor rest = a - at::mm(basis, at::mm(basis.t(), a));
    means.frobenius += at::linalg_norm(rest).item<double>() / kDraws;
    if (spectral) means.spectral += at::linalg_matrix_norm(rest, at::Scalar(2)).item<double>() / kDraws;
  }
  return means;
}

/// √Σ_{j>k} σ_j²
double tail(const std::function<double(int)>& sigma, int k, int n) {
  double squares = 0;
  for (int j = k + 1; j <= n; ++j) squares += sigma(j) * sigma(j);
  return std::sqrt(squares);
}

// Halko, Martinsson and Tropp 2011, theorems 10.5 and 10.6, at 200×150, σ_j = 1/j, k = 10.
TEST(RangeFinder, MeanErrorsAreBelowTheTheoremsBoundsAndWhatASimulationGives) {
  const auto sigma = [](int j) { return 1.0 / j; };
  const at::Tensor a = with_spectrum(200, 150, sigma);
  constexpr int k = 10, p = 5;
  const double optimum = tail(sigma, k, 150);
  EXPECT_NEAR(optimum, 0.2975, 1e-4);

  const Means oversampled = mean_errors(a, k + p, 0, 0, true);
  EXPECT_NEAR(oversampled.frobenius, 0.381, 0.05 * 0.381);
  EXPECT_NEAR(oversampled.spectral, 0.164, 0.05 * 0.164);
  EXPECT_LT(oversampled.frobenius, std::sqrt(1 + k / (p - 1.0)) * optimum);
  EXPECT_LT(oversampled.spectral,
            (1 + std::sqrt(k / (p - 1.0))) * sigma(k + 1) + std::exp(1) * std::sqrt(k + p) / p * optimum);

  const Means plain = mean_errors(a, k, 0, 0);
  EXPECT_NEAR(plain.frobenius, 0.473, 0.05 * 0.473);
  double bound = 1e9;
  for (int j = 2; j <= k - 2; ++j) bound = std::min(bound, std::sqrt(1 + j / (k - j - 1.0)) * tail(sigma, j, 150));
  EXPECT_NEAR(bound, 0.622, 1e-3);
  EXPECT_LT(plain.frobenius, bound);

  EXPECT_NEAR(mean_errors(a, k + p, 0, k).frobenius / optimum, 1.33, 0.05 * 1.33);
  EXPECT_NEAR(mean_errors(a, k + p, 1, k).frobenius / optimum, 1.010, 0.003);
  EXPECT_NEAR(mean_errors(a, k + p, 2, k).frobenius / optimum, 1.0008, 0.0005);
}

TEST(RandomizedPairs, AreThoseOfTheSingularValueDecomposition) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const double tolerance = type == at::kFloat ? 2e-4 : 1e-7;
    for (const bool wide : {false, true}) {
      at::Tensor a = with_spectrum(50, 30, [](int j) { return std::pow(0.5, j); }).to(type);
      if (wide) a = a.t();
      const SingularPairs found = randomized_pairs({a, 3 * a}, normals({2, a.size(1), 14}, 5, type), 6, 2);
      const auto [u, s, vt] = at::linalg_svd(a, false);
      for (int i = 0; i < 2; ++i) {
        const double factor = i == 0 ? 1 : 3;
        EXPECT_LT(((found.values[i] - factor * s.narrow(0, 0, 6)) / (factor * s[0])).abs().max().item<double>(),
                  tolerance);
        // Pairs match: uᵢᵀ A vᵢ = +σᵢ, whatever the signs of both.
        const at::Tensor core = at::mm(found.left[i].t(), at::mm(factor * a, found.right[i]));
        EXPECT_LT((core - at::diag(found.values[i])).abs().max().item<double>(), tolerance);
        EXPECT_LT(largest_defect(found.left[i]), 1e-5);
        EXPECT_LT(largest_defect(found.right[i]), 1e-5);
      }
    }
  }
}

TEST(RandomizedPairs, NothingIsTooStrangeAndTheHostNeverWaits) {
  const at::Tensor generic = normals({24, 16}, 9, at::kFloat);
  std::vector<at::Tensor> hostile{
      at::zeros({24, 16}), at::ones({24, 16}),
      at::eye(24, 16),     at::mm(normals({24, 1}, 1, at::kFloat), normals({1, 16}, 2, at::kFloat)),
      generic * 1e20,      generic * 1e-20,
      generic * 1e30,      generic * 1e-30};
  hostile.push_back(generic.clone());
  hostile.back()[3][4] = std::nan("");
  hostile.push_back(generic.clone());
  hostile.back()[0][0] = INFINITY;
  for (std::size_t i = 0; i < hostile.size(); ++i) {
    const HostReads reads;
    const SingularPairs found = randomized_pairs({hostile[i], hostile[i]}, normals({2, 16, 9}, 3, at::kFloat), 7, 1);
    const at::Tensor plain = range_basis({hostile[i]}, normals({1, 16, 7}, 4, at::kFloat), 0);
    EXPECT_LE(reads.count(), 1) << "LAPACK's status, on the CPU alone";
    EXPECT_LT(largest_defect(found.left), 1e-5) << i;
    EXPECT_LT(largest_defect(found.right), 1e-5) << i;
    EXPECT_LT(largest_defect(plain), 1e-5) << i;
    EXPECT_TRUE((found.values >= 0).all().item<bool>()) << i;
    const SingularPairs exact = exact_pairs({hostile[i]}, 7);
    EXPECT_LT(largest_defect(exact.left), 1e-5) << i;
    EXPECT_LT(largest_defect(exact.right), 1e-5) << i;
  }
  // A scale of the matrix is one of the values and changes no direction.
  const at::Tensor sketch = normals({1, 16, 9}, 3, at::kFloat);
  const SingularPairs one = randomized_pairs({generic}, sketch, 7, 1);
  for (const double scale : {1e20, 1e-20}) {
    const SingularPairs other = randomized_pairs({generic * scale}, sketch, 7, 1);
    EXPECT_LT((other.values / scale - one.values).abs().max().item<double>(), 1e-4 * one.values[0][0].item<double>());
    EXPECT_LT((at::bmm(other.left.mT(), one.left).abs() - at::eye(7)).abs().max().item<double>(), 1e-3);
  }
}

TEST(SymmetricEigen, RebuildsTheMatrixInDescendingOrderByBothMethods) {
  for (const std::int64_t n : {1, 2, 7, 24})
    for (const auto& method : {symmetric_eigen, jacobi_eigen}) {
      const at::Tensor factor = normals({3, n, std::max<std::int64_t>(1, n - 2)}, 6);  // of lower rank
      const at::Tensor a = at::matmul(factor, factor.mT());
      const HostReads reads;
      const SymmetricEigen eigen = method(a);
      if (method == jacobi_eigen) {
        EXPECT_EQ(reads.count(), 0);
      }
      const at::Tensor rebuilt = at::matmul(eigen.vectors * eigen.values.unsqueeze(-2), eigen.vectors.mT());
      EXPECT_LT((rebuilt - a).abs().max().item<double>(), 1e-12 * a.abs().max().item<double>()) << n;
      EXPECT_TRUE((eigen.values.diff() <= 0).all().item<bool>());
      EXPECT_LT(largest_defect(eigen.vectors), 1e-12) << n;
      EXPECT_TRUE(at::equal(method(at::full({4, 4}, NAN)).values, at::zeros({4})));
      EXPECT_LT(largest_defect(method(at::ones({5, 5}, at::kDouble)).vectors), 1e-12);
    }
}

TEST(SeededNormals, AreAFunctionOfTheSeedAndLeaveTheGeneratorAlone) {
  torch::manual_seed(5);
  const at::Tensor before = at::globalContext().defaultGenerator(at::kCPU).get_state();
  const at::Tensor a = normals({1000}, 1), b = normals({1000}, 1), c = normals({1000}, 2);
  EXPECT_TRUE(at::equal(before, at::globalContext().defaultGenerator(at::kCPU).get_state()));
  EXPECT_TRUE(at::equal(a, b));
  EXPECT_LT(std::abs(at::dot(a, c).item<double>()) / 1000, 0.15);
  EXPECT_NEAR(a.std().item<double>(), 1, 0.1);
}

}  // namespace
}  // namespace talweg::linalg
