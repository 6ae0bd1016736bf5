// Noise by density matrices and trajectories, against closed forms and against each other.
#include "models/quantum/noise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "complaint.h"
#include "core/libtorch.h"
#include "models/quantum/ansatz.h"
#include "models/quantum/simulator.h"

namespace talweg::models::quantum {
namespace {

at::Tensor populations(const at::Tensor& rho) {
  return at::real(rho.diagonal()).contiguous();
}

TEST(Noise, OfNothingIsThePureState) {
  Circuit circuit = ring_ansatz(3, 2);
  circuit.controlled_rotation(GateKind::ry, 2, 0, circuit.parameter("c")).swap(0, 2);
  const at::Tensor angles = at::arange(1, 14, at::kDouble) * 0.3;
  const at::Tensor psi = Simulator(circuit)(angles).squeeze(0), rho = density_matrix(circuit, angles, depolarizing(0));
  EXPECT_LT((rho - at::outer(psi, psi.conj())).abs().max().item<double>(), 1e-13);
  RandomGenerator random(1);
  EXPECT_LT((draw_trajectory(circuit, angles, depolarizing(0), random) - psi).abs().max().item<double>(), 1e-13);
}

TEST(Noise, ChannelsDoWhatTheirClosedFormsSay) {
  const at::Tensor none = at::empty({0}, at::kDouble);
  const double p = 0.12;
  // One gate, one channel: ⟨Z⟩ of |1⟩, ⟨X⟩ of H|0⟩.
  const at::Tensor one = density_matrix(Circuit(1).x(0), none, depolarizing(p));
  EXPECT_NEAR(populations(one)[0].item<double>(), 2 * p / 3, 1e-14);
  const at::Tensor plus = density_matrix(Circuit(1).h(0), none, depolarizing(p));
  EXPECT_NEAR(2 * at::real(plus[0][1]).item<double>(), 1 - 4 * p / 3, 1e-14);
  EXPECT_NEAR(populations(density_matrix(Circuit(1).x(0), none, bit_flip(p)))[0].item<double>(), p, 1e-14);
  EXPECT_NEAR(populations(density_matrix(Circuit(1).x(0), none, amplitude_damping(p)))[0].item<double>(), p, 1e-14);
  const at::Tensor dephased = density_matrix(Circuit(1).h(0), none, phase_damping(p));
  EXPECT_NEAR(2 * at::real(dephased[0][1]).item<double>(), std::sqrt(1 - p), 1e-14);
  // A qubit that controls is as noisy as its target.
  const at::Tensor both = populations(density_matrix(Circuit(2).cnot(0, 1), none, bit_flip(p)));
  EXPECT_NEAR(both[3].item<double>(), p * p, 1e-14);
  EXPECT_NEAR(both[2].item<double>(), p * (1 - p), 1e-14);
}

TEST(Noise, DensityMatricesStayOne) {
  const at::Tensor angles = at::arange(1, 25, at::kDouble) * 0.2;
  for (const Channel& channel : {depolarizing(0.05), amplitude_damping(0.1), phase_damping(0.2)}) {
    const at::Tensor rho = density_matrix(ring_ansatz(4, 3), angles, channel);
    EXPECT_NEAR(populations(rho).sum().item<double>(), 1, 1e-12);
    EXPECT_LT((rho - rho.mH()).abs().max().item<double>(), 1e-13);
    EXPECT_GT(at::linalg_eigvalsh(rho).min().item<double>(), -1e-13);
  }
}

TEST(Noise, TrajectoriesAreTheDensityMatrixOnAverage) {
  const Circuit circuit = ring_ansatz(3, 1);
  const at::Tensor angles = at::arange(1, 7, at::kDouble) * 0.5;
  for (const Channel& channel : {depolarizing(0.1), amplitude_damping(0.3)}) {
    RandomGenerator random(3);
    const int draws = 4000;
    at::Tensor sum = at::zeros({8}, at::kDouble);
    for (int i = 0; i < draws; ++i)
      sum += probabilities(draw_trajectory(circuit, angles, channel, random).unsqueeze(0)).squeeze(0);
    const at::Tensor exact = populations(density_matrix(circuit, angles, channel));
    EXPECT_LT((sum / draws - exact).abs().max().item<double>(), 4 * 0.5 / std::sqrt(draws));
  }
}

TEST(Noise, ReadoutErrorsActOnEveryQubit) {
  const at::Tensor read = with_readout_error(at::tensor({0.0, 1.0, 0.0, 0.0}, at::kDouble), 0.1, 0.3);
  const double expected[] = {0.9 * 0.3, 0.9 * 0.7, 0.1 * 0.3, 0.1 * 0.7};
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(read[i].item<double>(), expected[i], 1e-15) << i;
}

TEST(Noise, RefusesWhatItCannotBe) {
  using talweg::testing::complaint;
  EXPECT_THAT(complaint([] { depolarizing(1.5); }), ::testing::HasSubstr("from 0 to 1"));
  EXPECT_THAT(complaint([] { density_matrix(Circuit(11), at::empty({0}, at::kDouble), bit_flip(0)); }),
              ::testing::HasSubstr("trajectories"));
}

}  // namespace
}  // namespace talweg::models::quantum
