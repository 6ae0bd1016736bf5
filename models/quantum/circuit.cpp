#include "models/quantum/circuit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"

namespace talweg::models::quantum {
namespace {

constexpr std::int64_t kMostQubits = 40;
constexpr double kUnitaryTolerance = 1e-9;

bool is_unitary(const std::vector<Complex>& m, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j < size; ++j) {
      Complex sum = 0;
      for (std::size_t k = 0; k < size; ++k) sum += std::conj(m[k * size + i]) * m[k * size + j];
      if (!(std::abs(sum - (i == j ? 1.0 : 0.0)) < kUnitaryTolerance)) return false;
    }
  return true;
}

}  // namespace

const char* name_of(GateKind kind) {
  constexpr const char* kNames[] = {"rx", "ry", "rz", "h", "x", "y", "z", "s", "t", "swap", "matrix"};
  return kNames[static_cast<std::size_t>(kind)];
}

bool is_rotation(GateKind kind) {
  return kind == GateKind::rx || kind == GateKind::ry || kind == GateKind::rz;
}

Circuit::Circuit(std::int64_t qubits) : qubits_(qubits) {
  if (qubits < 1 || qubits > kMostQubits)
    throw ConfigError(fmt::format("a circuit has 1 to {} qubits, not {}", kMostQubits, qubits));
}

Angle Circuit::parameter(const std::string& name) {
  const auto found = std::find(parameters_.begin(), parameters_.end(), name);
  const std::int64_t index = found - parameters_.begin();
  if (found == parameters_.end()) parameters_.push_back(name);
  return {index, 0};
}

Circuit& Circuit::add(Gate gate) {
  std::vector<std::int64_t> all = gate.targets;
  all.insert(all.end(), gate.controls.begin(), gate.controls.end());
  for (const std::int64_t qubit : all)
    if (qubit < 0 || qubit >= qubits_)
      throw ConfigError(fmt::format("gate '{}': there is no qubit {} in a circuit of {}, whose qubits are 0 to {}",
                                    name_of(gate.kind), qubit, qubits_, qubits_ - 1));
  std::sort(all.begin(), all.end());
  if (const auto twice = std::adjacent_find(all.begin(), all.end()); twice != all.end())
    throw ConfigError(fmt::format("gate '{}' names qubit {} twice", name_of(gate.kind), *twice));
  const bool is_matrix = gate.kind == GateKind::matrix;
  const std::size_t targets = gate.kind == GateKind::swap || gate.matrix.size() == 16 ? 2 : 1;
  if (gate.targets.size() != targets)
    throw ConfigError(
        fmt::format("gate '{}' takes {} target(s), not {}", name_of(gate.kind), targets, gate.targets.size()));
  if (is_matrix && gate.matrix.size() != 4 && gate.matrix.size() != 16)
    throw ConfigError(fmt::format("a matrix gate takes 4 or 16 numbers, not {}", gate.matrix.size()));
  if (is_matrix && !is_unitary(gate.matrix, targets == 2 ? 4 : 2))
    throw ConfigError("the matrix of a gate must be unitary; this one changes lengths");
  if (is_matrix && targets == 2 && !gate.controls.empty())
    throw ConfigError("a matrix on two qubits takes no controls");
  if (gate.controls.size() != gate.control_values.size())
    throw ConfigError(fmt::format("gate '{}' has {} controls and {} values for them", name_of(gate.kind),
                                  gate.controls.size(), gate.control_values.size()));
  if (gate.angle.parameter >= static_cast<std::int64_t>(parameters_.size()))
    throw ConfigError(fmt::format("gate '{}' has an angle that is no parameter of this circuit", name_of(gate.kind)));
  gates_.push_back(std::move(gate));
  return *this;
}

Circuit& Circuit::multiplexed_ry(const std::vector<std::int64_t>& controls, std::int64_t target,
                                 const std::vector<Angle>& angles) {
  const std::size_t count = std::size_t{1} << controls.size();
  if (angles.size() != count)
    throw ConfigError(fmt::format("a multiplexed rotation with {} controls takes {} angles, not {}", controls.size(),
                                  count, angles.size()));
  for (std::size_t pattern = 0; pattern < count; ++pattern) {
    std::vector<int> values;
    for (std::size_t k = 0; k < controls.size(); ++k)
      values.push_back(static_cast<int>(pattern >> (controls.size() - 1 - k) & 1));
    add({GateKind::ry, {target}, controls, values, angles[pattern]});
  }
  return *this;
}

Circuit& Circuit::append(const Circuit& other) {
  return append(other, 0);
}

Circuit& Circuit::append(const Circuit& other, std::int64_t first, const std::vector<std::int64_t>& controls,
                         const std::vector<int>& control_values) {
  for (Gate gate : other.gates()) {
    for (std::int64_t& qubit : gate.targets) qubit += first;
    for (std::int64_t& qubit : gate.controls) qubit += first;
    if (gate.angle.parameter >= 0)
      gate.angle = parameter(other.parameters()[static_cast<std::size_t>(gate.angle.parameter)]);
    gate.controls.insert(gate.controls.end(), controls.begin(), controls.end());
    gate.control_values.insert(gate.control_values.end(), control_values.begin(), control_values.end());
    add(std::move(gate));
  }
  return *this;
}

Circuit with_reversed_qubits(const Circuit& circuit) {
  Circuit reversed(circuit.qubits());
  for (const std::string& name : circuit.parameters()) reversed.parameter(name);
  for (Gate gate : circuit.gates()) {
    for (std::int64_t& qubit : gate.targets) qubit = circuit.qubits() - 1 - qubit;
    for (std::int64_t& qubit : gate.controls) qubit = circuit.qubits() - 1 - qubit;
    reversed.add(std::move(gate));
  }
  return reversed;
}

Matrix2 axis_of(GateKind rotation) {
  const Complex i(0, 1);
  switch (rotation) {
    case GateKind::rx:
      return {0, 1, 1, 0};
    case GateKind::ry:
      return {0, -i, i, 0};
    default:
      return {1, 0, 0, -1};
  }
}

Matrix2 matrix_of(const Gate& gate, double angle) {
  const Complex i(0, 1);
  const double root = std::numbers::sqrt2 / 2;
  double c = 1, s = 0;
  if (is_rotation(gate.kind)) c = std::cos(angle / 2), s = std::sin(angle / 2);
  switch (gate.kind) {
    case GateKind::rx:
      return {c, Complex(0, -s), Complex(0, -s), c};
    case GateKind::ry:
      return {c, -s, s, c};
    case GateKind::rz:
      return {Complex(c, -s), 0, 0, Complex(c, s)};
    case GateKind::h:
      return {root, root, root, -root};
    case GateKind::x:
      return axis_of(GateKind::rx);
    case GateKind::y:
      return axis_of(GateKind::ry);
    case GateKind::z:
      return axis_of(GateKind::rz);
    case GateKind::s:
      return {1, 0, 0, i};
    case GateKind::t:
      return {1, 0, 0, Complex(root, root)};
    default:
      return {gate.matrix.at(0), gate.matrix.at(1), gate.matrix.at(2), gate.matrix.at(3)};
  }
}

}  // namespace talweg::models::quantum
