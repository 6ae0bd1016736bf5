#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/quantum/program.h"

namespace talweg::models::quantum {

/// Throws ConfigError, saying how much is needed, when three vectors of 2^qubits amplitudes for each of `rows` circuits
/// do not fit in the memory of this machine.
void require_memory(std::int64_t qubits, std::int64_t rows, at::ScalarType complex_type);

/// Runs a circuit on many states at once, differentiably: a copy shares what was prepared.
class Simulator {
 public:
  explicit Simulator(const Circuit& circuit);

  const Circuit& circuit() const { return *circuit_; }
  const Program& program() const { return *program_; }
  /// Amplitudes of a state: 2^n.
  std::int64_t amplitudes() const { return std::int64_t{1} << circuit_->qubits(); }

  /// U(angles)|in⟩: [rows, 2^n] complex. `angles` is real, [P] or [rows, P]; `state` complex, [2^n] or [rows, 2^n], or
  /// undefined for |0…0⟩ in the precision of the angles. Gradients flow to both, by adjoint differentiation: two
  /// working states beside input and output, whatever the depth. On devices other than the CPU, and for second
  /// derivatives, ordinary operations are recorded instead. Throws ConfigError where the sizes do not fit the circuit
  /// or the memory of the machine does not hold the states.
  at::Tensor operator()(const at::Tensor& angles, const at::Tensor& state = {}) const;

  /// The final state by ordinary operations, one per gate, which LibTorch differentiates.
  at::Tensor by_operations(const at::Tensor& angles, const at::Tensor& state = {}) const;

 private:
  std::pair<at::Tensor, at::Tensor> rows_of(const at::Tensor& angles, const at::Tensor& state) const;

  std::shared_ptr<const Circuit> circuit_;
  std::shared_ptr<const Program> program_;
};

/// A product of Pauli matrices: "IZX" has one letter per qubit, qubit 0 first. `factor` multiplies it.
struct PauliString {
  std::string letters;
  double factor = 1;
};

/// ⟨ψ|Σ factor·P|ψ⟩ of states [rows, 2^n]: [rows] real. Differentiable. Throws ConfigError for other letters than IXYZ
/// and other lengths than n.
at::Tensor expectation(const at::Tensor& states, const std::vector<PauliString>& sum);
/// Σ factor·P|ψ⟩.
at::Tensor apply_pauli(const at::Tensor& states, const std::vector<PauliString>& sum);

/// Value ⟨ψ|Σ factor·P|ψ⟩ [rows] float64 and its derivative by the angles [rows, P] float64, of U(angles)|0…0⟩: two
/// states in memory, no graph.
struct ValueAndGradient {
  at::Tensor value, gradient;
};
ValueAndGradient value_and_gradient(const Program& program, const at::Tensor& angles, at::ScalarType state_type,
                                    const std::vector<PauliString>& sum);

/// ⟨a|b⟩ by rows: [rows] complex; of |⟨a|b⟩|², the fidelity, real.
at::Tensor overlap(const at::Tensor& a, const at::Tensor& b);
at::Tensor fidelity(const at::Tensor& a, const at::Tensor& b);
/// |amplitude|²: [rows, 2^n] real.
at::Tensor probabilities(const at::Tensor& states);
/// Of these qubits alone, in this order: [rows, 2^k] from probabilities [rows, 2^n].
at::Tensor marginal(const at::Tensor& probabilities, const std::vector<std::int64_t>& qubits);

}  // namespace talweg::models::quantum
