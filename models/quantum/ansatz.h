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

/// Share and specify: layers as those of the ring ansatz that alternate, shared first, until both kinds are used up;
/// parameters "shared.layer.…" of all rows, first by index, then "specific.layer.…" of a row's own. With angles by rows
/// it is the unitary that a label register controls, Σ_k |k⟩⟨k| ⊗ U_k. Source: dossier of Mourya et al. 2025; order
/// ours.
Circuit share_and_specify(std::int64_t qubits, std::int64_t shared_layers, std::int64_t specific_layers);

/// U on qubits 0, 1, …, then on those `shift` further, `times` in all, with the same parameters: a prediction that is
/// made of the one before it. Source: dossier of Mourya et al. 2025, figure 9.
Circuit repeated(const Circuit& u, std::int64_t times, std::int64_t shift);

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
