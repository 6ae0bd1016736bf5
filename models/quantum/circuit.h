#pragma once

#include <complex>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// QUBIT ORDER, stated here for everything in this folder: qubit 0 is the most significant bit of the index of a basis
// state, so that |q0 q1 … q(n−1)⟩ is read as it is written. Libraries that count from the other end (Qiskit, qulacs,
// OpenQASM's simulators) are reached by `with_reversed_qubits`.

namespace talweg::models::quantum {

using Complex = std::complex<double>;

/// The action of a gate on its target qubits. The rotations are e^{−iθP/2} of the Pauli matrix P.
enum class GateKind { rx, ry, rz, h, x, y, z, s, t, swap, matrix };

/// "rx", "h", …: the names of OpenQASM.
const char* name_of(GateKind kind);
/// Whether the gate has an angle.
bool is_rotation(GateKind kind);

/// An angle in radians: a parameter of the circuit by its index, or, where that is −1, a number.
struct Angle {
  std::int64_t parameter = -1;
  double value = 0;
};

/// A gate on its targets, applied where every control qubit has the value beside it.
struct Gate {
  GateKind kind;
  std::vector<std::int64_t> targets;        ///< one; two for swap and for a matrix of 16 numbers
  std::vector<std::int64_t> controls = {};  ///< none of them a target
  std::vector<int> control_values = {};     ///< 0 or 1 for each control
  Angle angle = {};                         ///< of rotations
  std::vector<Complex> matrix = {};         ///< of `matrix`: 4 or 16 numbers by rows, a unitary
};

/// A circuit of n qubits as a value: gates in the order in which they act, and names of their parameters. A parameter
/// may be used by several gates. Builders append and return the circuit; they throw ConfigError for qubits that are not
/// there, that are named twice, and for matrices that are not unitary to 1e-9.
class Circuit {
 public:
  /// 1 ≤ qubits ≤ 40.
  explicit Circuit(std::int64_t qubits);

  std::int64_t qubits() const { return qubits_; }
  const std::vector<Gate>& gates() const { return gates_; }
  const std::vector<std::string>& parameters() const { return parameters_; }
  /// Index of the parameter of this name, which is new or was used before.
  Angle parameter(const std::string& name);

  Circuit& add(Gate gate);
  Circuit& rx(std::int64_t qubit, Angle angle) { return add({GateKind::rx, {qubit}, {}, {}, angle}); }
  Circuit& ry(std::int64_t qubit, Angle angle) { return add({GateKind::ry, {qubit}, {}, {}, angle}); }
  Circuit& rz(std::int64_t qubit, Angle angle) { return add({GateKind::rz, {qubit}, {}, {}, angle}); }
  Circuit& h(std::int64_t qubit) { return add({GateKind::h, {qubit}}); }
  Circuit& x(std::int64_t qubit) { return add({GateKind::x, {qubit}}); }
  Circuit& y(std::int64_t qubit) { return add({GateKind::y, {qubit}}); }
  Circuit& z(std::int64_t qubit) { return add({GateKind::z, {qubit}}); }
  Circuit& s(std::int64_t qubit) { return add({GateKind::s, {qubit}}); }
  Circuit& t(std::int64_t qubit) { return add({GateKind::t, {qubit}}); }
  Circuit& cnot(std::int64_t control, std::int64_t target) { return add({GateKind::x, {target}, {control}, {1}}); }
  Circuit& cz(std::int64_t control, std::int64_t target) { return add({GateKind::z, {target}, {control}, {1}}); }
  Circuit& swap(std::int64_t a, std::int64_t b) { return add({GateKind::swap, {a, b}}); }
  /// The rotation `kind` where the control is 1.
  Circuit& controlled_rotation(GateKind kind, std::int64_t control, std::int64_t target, Angle angle) {
    return add({kind, {target}, {control}, {1}, angle});
  }
  /// RY by angles[x] on the target where the controls, the first the most significant, spell x: 2^controls angles.
  Circuit& multiplexed_ry(const std::vector<std::int64_t>& controls, std::int64_t target,
                          const std::vector<Angle>& angles);
  /// A unitary of 4 or 16 numbers by rows; of two targets the first is the more significant.
  Circuit& unitary(const std::vector<std::int64_t>& targets, const std::vector<Complex>& matrix) {
    return add({GateKind::matrix, targets, {}, {}, {}, matrix});
  }
  /// All gates of another circuit of as many qubits; parameters of one name are one parameter.
  Circuit& append(const Circuit& other);
  /// Gates of a smaller circuit on qubits first, first + 1, …, applied where the controls have their values.
  Circuit& append(const Circuit& other, std::int64_t first, const std::vector<std::int64_t>& controls = {},
                  const std::vector<int>& control_values = {});

 private:
  std::int64_t qubits_;
  std::vector<Gate> gates_;
  std::vector<std::string> parameters_;
};

/// Qubit q becomes n − 1 − q: the same circuit for a library whose qubit 0 is the least significant bit.
Circuit with_reversed_qubits(const Circuit& circuit);

/// A 2 × 2 matrix by rows.
struct Matrix2 {
  Complex m00 = 1, m01 = 0, m10 = 0, m11 = 1;
};
/// ab without looking for infinities, as the numbers of gates are finite.
inline Complex finite_product(const Complex& a, const Complex& b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}
inline Matrix2 operator*(const Matrix2& a, const Matrix2& b) {
  return {finite_product(a.m00, b.m00) + finite_product(a.m01, b.m10),
          finite_product(a.m00, b.m01) + finite_product(a.m01, b.m11),
          finite_product(a.m10, b.m00) + finite_product(a.m11, b.m10),
          finite_product(a.m10, b.m01) + finite_product(a.m11, b.m11)};
}
inline Matrix2 adjoint(const Matrix2& a) {
  return {std::conj(a.m00), std::conj(a.m10), std::conj(a.m01), std::conj(a.m11)};
}
/// The matrix of a gate of one target without its controls, for this angle.
Matrix2 matrix_of(const Gate& gate, double angle);
/// The Pauli matrix P of a rotation e^{−iθP/2}.
Matrix2 axis_of(GateKind rotation);

}  // namespace talweg::models::quantum
