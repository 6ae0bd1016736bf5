#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "core/random/random_streams.h"
#include "models/quantum/circuit.h"

namespace talweg::models::quantum {

/// A channel of one qubit, ρ → Σ KρK†, by its Kraus operators.
struct Channel {
  std::vector<Matrix2> kraus;
};

/// One of X, Y, Z with probability p/3 each: the Bloch vector shrinks by 1 − 4p/3. 0 ≤ p ≤ 1; ConfigError otherwise.
Channel depolarizing(double p);
/// X with probability p.
Channel bit_flip(double p);
/// |1⟩ decays to |0⟩ with probability gamma.
Channel amplitude_damping(double gamma);
/// Coherences shrink by √(1 − gamma).
Channel phase_damping(double gamma);

/// Qubits of which a density matrix, 4^n numbers, is made at most.
inline constexpr std::int64_t kMostDensityQubits = 10;

/// The density matrix [2^n, 2^n] complex128 after a circuit whose every gate is followed by the channel on each of its
/// qubits, controls included. `angles` [P]; `state` [2^n] complex, or undefined for |0…0⟩. Throws ConfigError above
/// kMostDensityQubits qubits.
at::Tensor density_matrix(const Circuit& circuit, const at::Tensor& angles, const Channel& channel,
                          const at::Tensor& state = {});

/// A pure state [2^n] complex128 of the same noise, drawn: after every gate one Kraus operator acts, chosen with the
/// probability that the state gives it. The mean of |ψ⟩⟨ψ| over trajectories is the density matrix. Source: Dalibard,
/// Castin and Mølmer 1992.
at::Tensor draw_trajectory(const Circuit& circuit, const at::Tensor& angles, const Channel& channel,
                           RandomGenerator& generator, const at::Tensor& state = {});

/// Probabilities [.., 2^n] as they are read out: a qubit in 0 is read as 1 with probability `zero_as_one`, one in 1 as
/// 0 with `one_as_zero`, each for itself.
at::Tensor with_readout_error(const at::Tensor& probabilities, double zero_as_one, double one_as_zero);

}  // namespace talweg::models::quantum
