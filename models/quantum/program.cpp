#include "models/quantum/program.h"

#include <algorithm>
#include <array>
#include <bit>

namespace talweg::models::quantum {
namespace {

/// Lowest bits that every tile has, so that whole lines of memory are read.
constexpr int kRunBits = 3;

double angle_of(const Angle& angle, const double* angles) {
  return angle.parameter < 0 ? angle.value : angles[angle.parameter];
}

bool has_parameter(const Gate& gate) {
  return is_rotation(gate.kind) && gate.angle.parameter >= 0;
}

}  // namespace

Program::Program(const Circuit& circuit)
    : qubits_(circuit.qubits()), parameters_(static_cast<std::int64_t>(circuit.parameters().size())) {
  for (const Gate& gate : circuit.gates()) {
    if (gate.kind != GateKind::swap) {
      add_gate(gate);
      continue;
    }
    // Three exchanges; where there are controls, those of the middle one are enough.
    const std::int64_t a = gate.targets[0], b = gate.targets[1];
    Gate middle{GateKind::x, {b}, gate.controls, gate.control_values};
    middle.controls.push_back(a);
    middle.control_values.push_back(1);
    for (const Gate& part : {Gate{GateKind::x, {a}, {b}, {1}}, middle, Gate{GateKind::x, {a}, {b}, {1}}})
      add_gate(part);
  }
  for (const Block& block : blocks_) {
    coefficient_of_.push_back(coefficients_);
    coefficients_ += block.second >= 0 ? 4 : 1;
    const bool trained = std::any_of(block.gates.begin(), block.gates.end(), has_parameter);
    sums_of_.push_back(trained ? sums_++ : -1);
  }
  make_passes();
}

void Program::add_gate(const Gate& gate) {
  const auto bit = [&](std::int64_t qubit) { return static_cast<int>(qubits_ - 1 - qubit); };
  Block block;
  block.target = bit(gate.targets[0]);
  if (gate.targets.size() == 2) block.second = bit(gate.targets[1]);
  for (std::size_t i = 0; i < gate.controls.size(); ++i) {
    block.controls |= std::uint64_t{1} << bit(gate.controls[i]);
    block.wanted |= static_cast<std::uint64_t>(gate.control_values[i]) << bit(gate.controls[i]);
  }
  const std::uint64_t mine =
      block.controls | std::uint64_t{1} << block.target | (block.second >= 0 ? std::uint64_t{1} << block.second : 0);
  // The last block that touches one of its qubits takes it in when it is on the same ones.
  for (auto last = blocks_.rbegin(); last != blocks_.rend(); ++last) {
    const std::uint64_t theirs =
        last->controls | std::uint64_t{1} << last->target | (last->second >= 0 ? std::uint64_t{1} << last->second : 0);
    if ((mine & theirs) == 0) continue;
    if (last->target == block.target && last->second < 0 && block.second < 0 && last->controls == block.controls &&
        last->wanted == block.wanted) {
      last->gates.push_back(gate);
      return;
    }
    break;
  }
  block.gates.push_back(gate);
  blocks_.push_back(std::move(block));
}

TileGate Program::tile_gate(std::size_t b) const {
  const Block& block = blocks_[b];
  TileGate gate;
  if (block.second >= 0)
    gate.kind = TileGate::Kind::matrix4;
  else if (block.gates.size() == 1 && block.gates[0].kind == GateKind::x)
    gate.kind = TileGate::Kind::exchange;
  gate.coefficients = coefficient_of_[b];
  gate.sums = sums_of_[b];
  return gate;
}

void Program::make_passes() {
  const int bits = static_cast<int>(qubits_), most = std::min(bits, kTileBits);
  std::vector<bool> done(blocks_.size());
  std::size_t left = blocks_.size(), first = 0;
  while (left > 0) {
    std::uint64_t tile = (std::uint64_t{1} << std::min(bits, kRunBits)) - 1, blocked = 0;
    if (bits <= kTileBits) tile = (std::uint64_t{1} << bits) - 1;
    std::vector<std::size_t> chosen;
    for (std::size_t b = first; b < blocks_.size(); ++b) {
      if (done[b]) continue;
      const Block& block = blocks_[b];
      std::uint64_t targets = std::uint64_t{1} << block.target;
      if (block.second >= 0) targets |= std::uint64_t{1} << block.second;
      if (((targets | block.controls) & blocked) == 0 && std::popcount(tile | targets) <= most) {
        tile |= targets;
        chosen.push_back(b);
        done[b] = true;
        --left;
      } else {
        blocked |= targets | block.controls;
        if (std::popcount(blocked) == bits) break;
      }
    }
    while (first < blocks_.size() && done[first]) ++first;
    Pass pass;
    std::array<int, 64> place{};
    for (int bit = 0; bit < bits; ++bit)
      if (tile >> bit & 1) {
        place[static_cast<std::size_t>(bit)] = static_cast<int>(pass.bits.size());
        pass.bits.push_back(bit);
      }
    for (const std::size_t b : chosen) {
      const Block& block = blocks_[b];
      TileGate gate = tile_gate(b);
      gate.target = place[static_cast<std::size_t>(block.target)];
      if (block.second >= 0) gate.second = place[static_cast<std::size_t>(block.second)];
      for (int bit = 0; bit < bits; ++bit)
        if ((block.controls & tile) >> bit & 1) {
          gate.controls |= std::uint64_t{1} << place[static_cast<std::size_t>(bit)];
          gate.wanted |= (block.wanted >> bit & 1) << place[static_cast<std::size_t>(bit)];
        }
      pass.gates.push_back(gate);
      pass.outside.emplace_back(block.controls & ~tile, block.wanted & ~tile);
    }
    passes_.push_back(std::move(pass));
  }
}

template <class T>
void Program::write_coefficients(const double* angles, T* to, std::int64_t distance) const {
  const auto put = [&](std::int64_t place, Complex value) {
    to[2 * place * distance] = static_cast<T>(value.real());
    to[(2 * place + 1) * distance] = static_cast<T>(value.imag());
  };
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    const Block& block = blocks_[b];
    const std::int64_t begin = 4 * coefficient_of_[b];
    if (block.second >= 0) {
      for (std::int64_t k = 0; k < 16; ++k) put(begin + k, block.gates[0].matrix[static_cast<std::size_t>(k)]);
      continue;
    }
    Matrix2 m = matrix_of(block.gates[0], angle_of(block.gates[0].angle, angles));
    for (std::size_t g = 1; g < block.gates.size(); ++g)
      m = matrix_of(block.gates[g], angle_of(block.gates[g].angle, angles)) * m;
    put(begin, m.m00), put(begin + 1, m.m01), put(begin + 2, m.m10), put(begin + 3, m.m11);
  }
}
template void Program::write_coefficients(const double*, float*, std::int64_t) const;
template void Program::write_coefficients(const double*, double*, std::int64_t) const;

void Program::add_gradient(const double* angles, const double* sums, std::int64_t distance, double* gradient) const {
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    if (sums_of_[b] < 0) continue;
    const double* s = sums + 3 * sums_of_[b] * distance;
    // d/dθ of V·e^{−iθP/2}·W is −i/2·(V P V†) times the block's matrix, whose part along X, Y, Z is ½Im⟨bra|·|ket⟩.
    Matrix2 after;
    const std::vector<Gate>& gates = blocks_[b].gates;
    for (std::size_t g = gates.size(); g-- > 0;) {
      const bool is_last = g + 1 == gates.size();
      if (has_parameter(gates[g])) {
        const Matrix2 own = axis_of(gates[g].kind), axis = is_last ? own : after * own * adjoint(after);
        gradient[gates[g].angle.parameter] +=
            0.5 * (axis.m01.real() * s[0] - axis.m01.imag() * s[distance] + axis.m00.real() * s[2 * distance]);
      }
      if (g == 0) break;
      const Matrix2 matrix = matrix_of(gates[g], angle_of(gates[g].angle, angles));
      after = is_last ? matrix : after * matrix;
    }
  }
}

}  // namespace talweg::models::quantum
