#include "models/quantum/noise.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::models::quantum {
namespace {

using Amplitudes = std::vector<Complex>;

void require_probability(double p, const char* what) {
  if (!(p >= 0 && p <= 1)) throw ConfigError(fmt::format("{} is {}; it lies from 0 to 1", what, p));
}

std::vector<Complex> numbers_of(const Matrix2& m) {
  return {m.m00, m.m01, m.m10, m.m11};
}

/// A gate on its targets as numbers by rows.
std::vector<Complex> numbers_of(const Gate& gate, const double* angles) {
  if (gate.kind == GateKind::swap) return {1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1};
  if (gate.matrix.size() == 16) return gate.matrix;
  return numbers_of(matrix_of(gate, gate.angle.parameter < 0 ? gate.angle.value : angles[gate.angle.parameter]));
}

/// Applies a matrix to targets of a state of so many qubits, where the controls have their values.
void apply_numbers(Amplitudes& state, std::int64_t qubits, const std::vector<Complex>& matrix,
                   const std::vector<std::int64_t>& targets, const std::vector<std::int64_t>& controls,
                   const std::vector<int>& values) {
  const std::size_t places = std::size_t{1} << targets.size();
  std::vector<std::size_t> offset(places);
  std::size_t mask = 0;
  for (std::size_t t = 0; t < targets.size(); ++t) {
    const std::size_t bit = std::size_t{1} << (qubits - 1 - targets[t]);
    mask |= bit;
    for (std::size_t p = 0; p < places; ++p)
      if ((p >> (targets.size() - 1 - t) & 1) != 0) offset[p] |= bit;
  }
  std::size_t control = 0, wanted = 0;
  for (std::size_t c = 0; c < controls.size(); ++c) {
    control |= std::size_t{1} << (qubits - 1 - controls[c]);
    wanted |= static_cast<std::size_t>(values[c]) << (qubits - 1 - controls[c]);
  }
  Complex before[4];
  for (std::size_t i = 0; i < state.size(); ++i) {
    if ((i & mask) != 0 || (i & control) != wanted) continue;
    for (std::size_t p = 0; p < places; ++p) before[p] = state[i + offset[p]];
    for (std::size_t row = 0; row < places; ++row) {
      Complex sum = 0;
      for (std::size_t p = 0; p < places; ++p) sum += matrix[row * places + p] * before[p];
      state[i + offset[row]] = sum;
    }
  }
}

std::vector<Complex> conjugated(std::vector<Complex> numbers) {
  for (Complex& number : numbers) number = std::conj(number);
  return numbers;
}

Amplitudes start_of(const Circuit& circuit, const at::Tensor& state) {
  Amplitudes start(std::size_t{1} << circuit.qubits());
  start[0] = 1;
  if (!state.defined()) return start;
  const at::Tensor given = state.detach().to(at::kCPU, at::kComplexDouble).flatten().contiguous();
  if (given.numel() != static_cast<std::int64_t>(start.size()))
    throw ConfigError(fmt::format("a state of {} amplitudes does not fit {} qubits", given.numel(), circuit.qubits()));
  for (std::size_t i = 0; i < start.size(); ++i) {
    const c10::complex<double> number = given.const_data_ptr<c10::complex<double>>()[i];
    start[i] = {number.real(), number.imag()};
  }
  return start;
}

at::Tensor angles_on_host(const Circuit& circuit, const at::Tensor& angles) {
  const auto count = static_cast<std::int64_t>(circuit.parameters().size());
  if (angles.numel() != count)
    throw ConfigError(fmt::format("the circuit has {} parameters; {} angles were given", count, angles.numel()));
  return angles.detach().to(at::kCPU, at::kDouble).contiguous();
}

std::vector<std::int64_t> qubits_of_gate(const Gate& gate) {
  std::vector<std::int64_t> qubits = gate.targets;
  qubits.insert(qubits.end(), gate.controls.begin(), gate.controls.end());
  return qubits;
}

at::Tensor tensor_of(const Amplitudes& numbers) {
  at::Tensor t = at::empty({static_cast<std::int64_t>(numbers.size())}, at::kComplexDouble);
  for (std::size_t i = 0; i < numbers.size(); ++i) t.mutable_data_ptr<c10::complex<double>>()[i] = numbers[i];
  return t;
}

}  // namespace

Channel depolarizing(double p) {
  require_probability(p, "the probability of a depolarizing channel");
  const double rest = std::sqrt(1 - p), each = std::sqrt(p / 3);
  const Complex i(0, each);
  return {{{rest, 0, 0, rest}, {0, each, each, 0}, {0, -i, i, 0}, {each, 0, 0, -each}}};
}

Channel bit_flip(double p) {
  require_probability(p, "the probability of a bit flip");
  const double rest = std::sqrt(1 - p), flip = std::sqrt(p);
  return {{{rest, 0, 0, rest}, {0, flip, flip, 0}}};
}

Channel amplitude_damping(double gamma) {
  require_probability(gamma, "the probability of damping");
  return {{{1, 0, 0, std::sqrt(1 - gamma)}, {0, std::sqrt(gamma), 0, 0}}};
}

Channel phase_damping(double gamma) {
  require_probability(gamma, "the probability of damping");
  return {{{1, 0, 0, std::sqrt(1 - gamma)}, {0, 0, 0, std::sqrt(gamma)}}};
}

at::Tensor density_matrix(const Circuit& circuit, const at::Tensor& angles, const Channel& channel,
                          const at::Tensor& state) {
  const std::int64_t n = circuit.qubits();
  if (n > kMostDensityQubits)
    throw ConfigError(
        fmt::format("a density matrix of {} qubits has 4^{} numbers; at most {} qubits are simulated so, "
                    "more by trajectories",
                    n, n, kMostDensityQubits));
  const at::Tensor own = angles_on_host(circuit, angles);
  const Amplitudes start = start_of(circuit, state);
  // ρ as a state of 2n qubits, rows first: UρU† is U on the rows and its conjugate on the columns.
  Amplitudes rho(start.size() * start.size());
  for (std::size_t i = 0; i < start.size(); ++i)
    for (std::size_t j = 0; j < start.size(); ++j) rho[i * start.size() + j] = start[i] * std::conj(start[j]);
  const auto moved = [n](std::vector<std::int64_t> qubits) {
    for (std::int64_t& q : qubits) q += n;
    return qubits;
  };
  for (const Gate& gate : circuit.gates()) {
    const std::vector<Complex> u = numbers_of(gate, own.const_data_ptr<double>());
    apply_numbers(rho, 2 * n, u, gate.targets, gate.controls, gate.control_values);
    apply_numbers(rho, 2 * n, conjugated(u), moved(gate.targets), moved(gate.controls), gate.control_values);
    for (const std::int64_t q : qubits_of_gate(gate)) {
      // Σ K ⊗ K* on the qubit of the row and that of the column.
      std::vector<Complex> both(16);
      for (const Matrix2& kraus : channel.kraus) {
        const std::vector<Complex> k = numbers_of(kraus);
        for (std::size_t r = 0; r < 4; ++r)
          for (std::size_t c = 0; c < 4; ++c)
            both[4 * r + c] += k[2 * (r >> 1) + (c >> 1)] * std::conj(k[2 * (r & 1) + (c & 1)]);
      }
      apply_numbers(rho, 2 * n, both, {q, n + q}, {}, {});
    }
  }
  return tensor_of(rho).view({std::int64_t{1} << n, std::int64_t{1} << n});
}

at::Tensor draw_trajectory(const Circuit& circuit, const at::Tensor& angles, const Channel& channel,
                           RandomGenerator& generator, const at::Tensor& state) {
  const std::int64_t n = circuit.qubits();
  const at::Tensor own = angles_on_host(circuit, angles);
  Amplitudes psi = start_of(circuit, state);
  for (const Gate& gate : circuit.gates()) {
    apply_numbers(psi, n, numbers_of(gate, own.const_data_ptr<double>()), gate.targets, gate.controls,
                  gate.control_values);
    for (const std::int64_t q : qubits_of_gate(gate)) {
      double left = generator.uniform();
      for (std::size_t k = 0; k < channel.kraus.size(); ++k) {
        Amplitudes next = psi;
        apply_numbers(next, n, numbers_of(channel.kraus[k]), {q}, {}, {});
        double weight = 0;
        for (const Complex& amplitude : next) weight += std::norm(amplitude);
        left -= weight;
        if (left >= 0 && k + 1 < channel.kraus.size()) continue;
        for (Complex& amplitude : next) amplitude /= std::sqrt(weight);
        psi = std::move(next);
        break;
      }
    }
  }
  return tensor_of(psi);
}

at::Tensor with_readout_error(const at::Tensor& probabilities, double zero_as_one, double one_as_zero) {
  require_probability(zero_as_one, "the probability of reading 0 as 1");
  require_probability(one_as_zero, "the probability of reading 1 as 0");
  const at::Tensor confusion =
      at::tensor({1 - zero_as_one, one_as_zero, zero_as_one, 1 - one_as_zero}, probabilities.options()).view({2, 2});
  at::Tensor read = probabilities.reshape({-1, probabilities.size(-1)});
  for (std::int64_t block = 1; block < probabilities.size(-1); block *= 2)
    read = at::matmul(confusion, read.view({-1, 2, block})).reshape_as(read);
  return read.view_as(probabilities);
}

}  // namespace talweg::models::quantum
