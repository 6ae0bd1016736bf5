#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "models/quantum/circuit.h"

namespace talweg::models::quantum {

/// Layers of RY on every qubit, RZ on every qubit, and a ring of CNOTs q → q + 1: 2nL parameters "prefix.layer.ry.q",
/// in the order j = (2·layer + g)·n + q with g = 0 for RY, 1 for RZ. Source: dossier of Mourya et al. 2025 (arXiv
/// 2503.01884); the ring is from an independent implementation.
Circuit ring_ansatz(std::int64_t qubits, std::int64_t layers, const std::string& prefix = "theta");

/// The circuit that makes Σ √P(x)|x⟩ of |0…0⟩ exactly: a tree of multiplexed RY, 2ⁿ − 1 angles as numbers. Throws
/// ConfigError unless P has 2ⁿ entries that are not negative and sum to one within 1e-6. Source: Mottonen et al. 2005.
Circuit exact_loader(const std::vector<double>& probabilities);

/// The reference that keeps contexts as they are: RY(θ_x) on the last qubit where the others spell x; parameters
/// "context.x". With θ_x = 2·asin√P(1|x) all fidelities are one. Source: ours.
Circuit context_preserving(std::int64_t context_qubits);
/// Its angles for P(1|x), [2^context].
std::vector<double> context_preserving_angles(const std::vector<double>& up_given_context);

/// A SWAP test of the states of two registers of n qubits: one ancilla, qubit 0, then the registers. The ancilla is 0
/// with probability (1 + F)/2. Source: Buhrman et al. 2001.
Circuit swap_test(std::int64_t register_qubits);

/// √P as amplitudes [.., 2ⁿ] of this type. Throws ConfigError as exact_loader does.
at::Tensor amplitudes_of(const at::Tensor& probabilities, at::ScalarType complex_type);

}  // namespace talweg::models::quantum
