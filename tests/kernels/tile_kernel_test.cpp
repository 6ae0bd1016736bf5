#include "models/quantum/tile_kernel.h"

#include <gtest/gtest.h>

#include <array>
#include <complex>

#include "kernels/numbers.h"

namespace talweg::models::quantum {
namespace {

using Amplitude = std::complex<double>;
using Matrix = std::array<Amplitude, 4>;

/// U3's matrix of three angles: unitary.
Matrix rotation(double theta, double phi, double lambda) {
  const Amplitude i(0, 1);
  return {std::cos(theta / 2), -std::exp(i * lambda) * std::sin(theta / 2), std::exp(i * phi) * std::sin(theta / 2),
          std::exp(i * (phi + lambda)) * std::cos(theta / 2)};
}

/// The gate on 2^bits amplitudes, index by index.
std::vector<Amplitude> applied(const TileGate& gate, const Matrix& u, std::vector<Amplitude> state) {
  const std::vector<Amplitude> before = state;
  const std::uint64_t target = std::uint64_t{1} << gate.target;
  for (std::uint64_t k = 0; k < state.size(); ++k) {
    if ((k & gate.controls) != gate.wanted) continue;
    const Amplitude zero = before[k & ~target], one = before[k | target];
    state[k] = k & target ? u[2] * zero + u[3] * one : u[0] * zero + u[1] * one;
  }
  return state;
}

template <class T>
class TileKernel : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(TileKernel, Types);

/// Every target and a control on either side, on tiles of one circuit and of as many as a vector holds.
TYPED_TEST(TileKernel, GatesAreTheirMatricesAndAreUndone) {
  using T = TypeParam;
  constexpr int bits = 6;
  constexpr std::size_t size = 1 << bits;
  const double tolerance = sizeof(T) == 8 ? 1e-13 : 1e-5;
  for (const std::int64_t lanes : {std::int64_t{1}, lane_width(T())}) {
    const auto width = static_cast<std::size_t>(lanes);
    std::vector<TileGate> gates;
    std::vector<Matrix> matrices;  // of gate and lane
    std::vector<T> coefficients;
    for (int target = 0; target < bits; ++target) {
      TileGate gate;
      gate.target = target;
      gate.controls = target % 2 ? std::uint64_t{1} << (target == 5 ? 0 : target + 1) : 0;
      gate.wanted = target == 3 ? 0 : gate.controls;
      gate.coefficients = target;
      gate.sums = target;
      gates.push_back(gate);
      std::vector<Matrix> of_lanes;
      for (std::size_t lane = 0; lane < width; ++lane)
        of_lanes.push_back(rotation(0.3 + target + 0.1 * static_cast<double>(lane), 0.7 * target, 1.1));
      for (int number = 0; number < 8; ++number)
        for (std::size_t lane = 0; lane < width; ++lane) {
          const Amplitude entry = of_lanes[lane][static_cast<std::size_t>(number / 2)];
          coefficients.push_back(static_cast<T>(number % 2 ? entry.imag() : entry.real()));
        }
      matrices.insert(matrices.end(), of_lanes.begin(), of_lanes.end());
    }
    test::Aligned memory(4 * size * width);
    T* const storage = reinterpret_cast<T*>(memory.data());
    Tile<T> ket{bits, lanes, storage, storage + size * width};
    Tile<T> bra{bits, lanes, storage + 2 * size * width, storage + 3 * size * width};
    const std::vector<T> start = test::numbers<T>(static_cast<std::int64_t>(4 * size * width), 3);
    std::copy(start.begin(), start.end(), storage);
    apply_gates(gates.data(), static_cast<std::int64_t>(gates.size()), coefficients.data(), ket);
    std::vector<std::vector<Amplitude>> expected_ket(width), expected_bra(width);
    for (std::size_t lane = 0; lane < width; ++lane) {
      std::vector<Amplitude>& state = expected_ket[lane];
      for (std::size_t k = 0; k < size; ++k) {
        state.emplace_back(start[k * width + lane], start[(size + k) * width + lane]);
        expected_bra[lane].emplace_back(start[(2 * size + k) * width + lane], start[(3 * size + k) * width + lane]);
      }
      for (std::size_t g = 0; g < gates.size(); ++g)
        state = applied(gates[g], matrices[g * width + lane], std::move(state));
      for (std::size_t k = 0; k < size; ++k)
        ASSERT_LT(std::abs(state[k] - Amplitude(ket.real[k * width + lane], ket.imaginary[k * width + lane])),
                  tolerance);
    }
    std::vector<double> sums(gates.size() * 3 * width);
    undo_gates(gates.data(), static_cast<std::int64_t>(gates.size()), coefficients.data(), ket, bra, sums.data());
    for (std::size_t k = 0; k < 2 * size * width; ++k) ASSERT_NEAR(storage[k], start[k], 10 * tolerance);
    const Amplitude i(0, 1);
    const Matrix paulis[] = {{0, 1, 1, 0}, {0, -i, i, 0}, {1, 0, 0, -1}};
    for (std::size_t lane = 0; lane < width; ++lane)
      for (std::size_t g = gates.size(); g-- > 0;) {
        for (std::size_t p = 0; p < 3; ++p) {
          const std::vector<Amplitude> turned = applied(gates[g], paulis[p], expected_ket[lane]);
          Amplitude overlap = 0;
          for (std::size_t k = 0; k < size; ++k)
            if ((k & gates[g].controls) == gates[g].wanted) overlap += std::conj(expected_bra[lane][k]) * turned[k];
          EXPECT_NEAR(sums[(g * 3 + p) * width + lane], overlap.imag(), 300 * tolerance)
              << g << ", " << p << ", " << lane;
        }
        const Matrix& u = matrices[g * width + lane];
        const Matrix adjoint{std::conj(u[0]), std::conj(u[2]), std::conj(u[1]), std::conj(u[3])};
        expected_ket[lane] = applied(gates[g], adjoint, std::move(expected_ket[lane]));
        expected_bra[lane] = applied(gates[g], adjoint, std::move(expected_bra[lane]));
      }
  }
}

TYPED_TEST(TileKernel, GatherTakesRunsApartAndScatterPutsThemBack) {
  using T = TypeParam;
  constexpr std::int64_t runs = 4, length = 8;
  const std::vector<std::int64_t> distances{0, 24, 64, 88};
  const std::vector<T> state = test::numbers<T>(2 * 128, 4);
  test::Aligned memory(2 * runs * length);
  T* const storage = reinterpret_cast<T*>(memory.data());
  const Tile<T> tile{5, 1, storage, storage + runs * length};
  gather(state.data(), distances.data(), runs, length, tile);
  std::vector<T> copy(state.size());
  scatter(tile, distances.data(), runs, length, copy.data());
  for (std::int64_t run = 0; run < runs; ++run)
    for (std::int64_t k = 0; k < length; ++k) {
      const auto from = static_cast<std::size_t>(2 * (distances[static_cast<std::size_t>(run)] + k));
      EXPECT_EQ(tile.real[run * length + k], state[from]);
      EXPECT_EQ(tile.imaginary[run * length + k], state[from + 1]);
      EXPECT_EQ(copy[from], state[from]);
      EXPECT_EQ(copy[from + 1], state[from + 1]);
    }
}

}  // namespace
}  // namespace talweg::models::quantum
