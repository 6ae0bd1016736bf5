#include "models/quantum/simulator.h"

#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"
#include "models/quantum/engine.h"

namespace talweg::models::quantum {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::ScalarType complex_of(at::ScalarType real) {
  return real == at::kFloat ? at::kComplexFloat : at::kComplexDouble;
}

struct Evolution : torch::autograd::Function<Evolution> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& angles, const at::Tensor& state,
                            const Simulator* simulator) {
    at::Tensor out = state.detach().clone(at::MemoryFormat::Contiguous);
    run_program(simulator->program(), angles.detach().to(at::kDouble).contiguous(), out);
    context->save_for_backward({angles, state, out});
    // Copies share what was prepared, so that a graph may outlive the simulator it came from.
    context->saved_data["simulator"] = c10::IValue::make_capsule(c10::make_intrusive<Kept>(*simulator));
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& outer) {
    const variable_list saved = context->get_saved_variables();
    const auto kept = c10::static_intrusive_pointer_cast<Kept>(context->saved_data["simulator"].toCapsule());
    if (at::GradMode::is_enabled()) {
      const at::Tensor out = kept->simulator.by_operations(saved[0], saved[1]);
      variable_list inputs;
      for (const at::Tensor& input : {saved[0], saved[1]})
        if (input.requires_grad()) inputs.push_back(input);
      variable_list found = torch::autograd::grad({out}, inputs, {outer[0]}, true, true);
      variable_list answer(3);
      std::size_t next = 0;
      for (std::size_t i = 0; i < 2; ++i)
        if (saved[i].requires_grad()) answer[i] = found[next++];
      return answer;
    }
    const at::Tensor ket = saved[2].clone(), bra = outer[0].clone(at::MemoryFormat::Contiguous).resolve_conj();
    const at::Tensor gradient =
        unwind_program(kept->simulator.program(), saved[0].detach().to(at::kDouble).contiguous(), ket, bra);
    return {gradient.to(saved[0].scalar_type()), bra, at::Tensor()};
  }

  struct Kept : torch::CustomClassHolder {
    explicit Kept(const Simulator& s) : simulator(s) {}
    Simulator simulator;
  };
};

at::Tensor complex_matrix(const std::vector<Complex>& numbers, std::int64_t size, const at::TensorOptions& where) {
  at::Tensor m = at::empty({size, size}, at::kComplexDouble);
  for (std::size_t i = 0; i < numbers.size(); ++i) m.data_ptr<c10::complex<double>>()[i] = numbers[i];
  return m.to(where);
}

/// The matrix of a gate on its targets, [1 or rows, d, d]: I cos(θ/2) − i sin(θ/2) P of rotations.
at::Tensor matrix_by_operations(const Gate& gate, const at::Tensor& angles, const at::TensorOptions& where) {
  const auto of = [&](const Matrix2& m) { return complex_matrix({m.m00, m.m01, m.m10, m.m11}, 2, where); };
  if (gate.kind == GateKind::swap) {
    std::vector<Complex> m(16);
    for (const std::size_t k : {0, 6, 9, 15}) m[k] = 1;
    return complex_matrix(m, 4, where).unsqueeze(0);
  }
  if (gate.matrix.size() == 16) return complex_matrix(gate.matrix, 4, where).unsqueeze(0);
  if (!is_rotation(gate.kind) || gate.angle.parameter < 0) return of(matrix_of(gate, gate.angle.value)).unsqueeze(0);
  const at::Tensor half = (angles.select(1, gate.angle.parameter) / 2).view({-1, 1, 1});
  return at::cos(half) * of(Matrix2{}) -
         at::sin(half) * (of(axis_of(gate.kind)) * c10::complex<double>(0, 1)).to(where.dtype());
}

}  // namespace

void require_memory(std::int64_t qubits, std::int64_t rows, at::ScalarType type) {
  const double bytes =
      std::ldexp(static_cast<double>(rows) * static_cast<double>(c10::elementSize(type)), static_cast<int>(qubits)) * 3;
  const double there = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  if (bytes > there)
    throw ConfigError(fmt::format(
        "{} qubits and {} circuit(s) side by side need {:.1f} GB for three state vectors each; this machine "
        "has {:.1f} GB",
        qubits, rows, bytes / 1e9, there / 1e9));
}

Simulator::Simulator(const Circuit& circuit)
    : circuit_(std::make_shared<Circuit>(circuit)), program_(std::make_shared<Program>(circuit)) {}

std::pair<at::Tensor, at::Tensor> Simulator::rows_of(const at::Tensor& angles, const at::Tensor& state) const {
  const auto count = static_cast<std::int64_t>(circuit_->parameters().size());
  if (angles.size(-1) != count || angles.dim() > 2)
    throw ConfigError(fmt::format("the circuit has {} parameters; {} angles were given", count, angles.size(-1)));
  const at::Tensor a = angles.dim() == 1 ? angles.unsqueeze(0) : angles;
  const at::ScalarType type = state.defined() ? state.scalar_type() : complex_of(angles.scalar_type());
  const std::int64_t of_state = state.defined() && state.dim() == 2 ? state.size(0) : 1;
  const std::int64_t rows = std::max(a.size(0), of_state);
  require_memory(circuit_->qubits(), rows, type);
  at::Tensor s = state;
  if (!s.defined()) {
    s = at::zeros({1, amplitudes()}, at::TensorOptions(angles.device()).dtype(type));
    s.select(1, 0).fill_(1);
  }
  if (s.size(-1) != amplitudes() || (a.size(0) != rows && a.size(0) != 1) || (of_state != rows && of_state != 1))
    throw ConfigError(fmt::format("states of {} amplitudes in {} rows do not fit {} rows of angles and {} qubits",
                                  s.size(-1), of_state, a.size(0), circuit_->qubits()));
  return {a.expand({rows, count}), s.expand({rows, amplitudes()})};
}

at::Tensor Simulator::operator()(const at::Tensor& angles, const at::Tensor& state) const {
  const auto [a, s] = rows_of(angles, state);
  if (!a.is_cpu()) return by_operations(a, s);
  if (at::GradMode::is_enabled() && (a.requires_grad() || s.requires_grad())) return Evolution::apply(a, s, this);
  at::Tensor out = s.clone(at::MemoryFormat::Contiguous);
  run_program(*program_, a.detach().to(at::kDouble).contiguous(), out);
  return out;
}

at::Tensor Simulator::by_operations(const at::Tensor& angles, const at::Tensor& state) const {
  auto [a, s] = rows_of(angles, state);
  const std::int64_t n = circuit_->qubits(), rows = s.size(0);
  const at::TensorOptions where = s.options().requires_grad(false);
  std::vector<std::int64_t> shape{rows};
  shape.insert(shape.end(), static_cast<std::size_t>(n), 2);
  for (const Gate& gate : circuit_->gates()) {
    const at::Tensor matrix = matrix_by_operations(gate, a, where);
    const auto targets = static_cast<std::int64_t>(gate.targets.size());
    // Targets last, then one product; where the controls say no, the state stays.
    std::vector<std::int64_t> from, last;
    for (std::int64_t k = 0; k < targets; ++k) {
      from.push_back(1 + gate.targets[static_cast<std::size_t>(k)]);
      last.push_back(n + 1 - targets + k);
    }
    const at::Tensor moved = at::movedim(s.view(shape), from, last);
    const at::Tensor product =
        at::matmul(moved.reshape({rows, -1, std::int64_t{1} << targets}), matrix.transpose(1, 2));
    const at::Tensor next = at::movedim(product.view(moved.sizes()), last, from).reshape({rows, -1});
    if (gate.controls.empty()) {
      s = next;
      continue;
    }
    at::Tensor yes = at::ones({amplitudes()}, at::TensorOptions(s.device()).dtype(at::kBool));
    const at::Tensor index = at::arange(amplitudes(), at::TensorOptions(s.device()).dtype(at::kLong));
    for (std::size_t c = 0; c < gate.controls.size(); ++c)
      yes = yes & (at::bitwise_right_shift(index, n - 1 - gate.controls[c]).bitwise_and(1) == gate.control_values[c]);
    s = at::where(yes, next, s);
  }
  return s;
}

at::Tensor apply_pauli(const at::Tensor& states, const std::vector<PauliString>& sum) {
  std::int64_t n = 0;
  while ((std::int64_t{1} << n) < states.size(-1)) ++n;
  at::Tensor total;
  std::vector<std::int64_t> shape{states.size(0)};
  shape.insert(shape.end(), static_cast<std::size_t>(n), 2);
  for (const PauliString& term : sum) {
    if (static_cast<std::int64_t>(term.letters.size()) != n ||
        term.letters.find_first_not_of("IXYZ") != std::string::npos)
      throw ConfigError(fmt::format("'{}' is no product of Pauli matrices on {} qubits: one of I, X, Y, Z for each",
                                    term.letters, n));
    at::Tensor s = states.view(shape);
    c10::complex<double> factor = term.factor;
    for (std::int64_t q = 0; q < n; ++q) {
      const char letter = term.letters[static_cast<std::size_t>(q)];
      if (letter == 'X' || letter == 'Y') s = s.flip({q + 1});
      if (letter == 'Y') factor *= c10::complex<double>(0, -1);
      if (letter == 'Z' || letter == 'Y') {
        std::vector<std::int64_t> along(static_cast<std::size_t>(n + 1), 1);
        along[static_cast<std::size_t>(q + 1)] = 2;
        s = s * at::tensor({1, -1}, states.options().requires_grad(false)).view(along);
      }
    }
    s = s.reshape(states.sizes());
    if (factor != c10::complex<double>(1)) s = s * at::Scalar(factor);
    total = total.defined() ? total + s : s;
  }
  if (!total.defined()) throw ConfigError("a sum of Pauli matrices needs at least one term");
  return total;
}

at::Tensor expectation(const at::Tensor& states, const std::vector<PauliString>& sum) {
  return at::real(overlap(states, apply_pauli(states, sum)));
}

ValueAndGradient value_and_gradient(const Program& program, const at::Tensor& angles, at::ScalarType state_type,
                                    const std::vector<PauliString>& sum) {
  const torch::NoGradGuard no_grad;
  const at::Tensor a = (angles.dim() == 1 ? angles.unsqueeze(0) : angles).to(at::kDouble).contiguous();
  require_memory(program.qubits(), a.size(0), state_type);
  at::Tensor ket = at::zeros({a.size(0), std::int64_t{1} << program.qubits()}, state_type);
  ket.select(1, 0).fill_(1);
  run_program(program, a, ket);
  at::Tensor bra = apply_pauli(ket, sum);
  if (bra.is_same(ket) || bra.is_alias_of(ket)) bra = bra.clone();
  const at::Tensor value = at::real(overlap(ket, bra)).to(at::kDouble);
  return {value, unwind_program(program, a, ket, bra).mul_(2)};
}

at::Tensor overlap(const at::Tensor& a, const at::Tensor& b) {
  return at::matmul(a.conj().unsqueeze(-2), b.unsqueeze(-1)).squeeze(-1).squeeze(-1);
}

at::Tensor fidelity(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor o = at::view_as_real(overlap(a, b).resolve_conj());
  return o.square().sum(-1);
}

at::Tensor probabilities(const at::Tensor& states) {
  return at::view_as_real(states).square().sum(-1);
}

at::Tensor marginal(const at::Tensor& p, const std::vector<std::int64_t>& qubits) {
  std::int64_t n = 0;
  while ((std::int64_t{1} << n) < p.size(-1)) ++n;
  std::vector<std::int64_t> shape{p.size(0)}, order{0};
  shape.insert(shape.end(), static_cast<std::size_t>(n), 2);
  for (const std::int64_t q : qubits) order.push_back(q + 1);
  for (std::int64_t q = 1; q <= n; ++q)
    if (std::find(order.begin(), order.end(), q) == order.end()) order.push_back(q);
  const std::int64_t kept = std::int64_t{1} << qubits.size();
  return p.view(shape).permute(order).reshape({p.size(0), kept, -1}).sum(-1);
}

}  // namespace talweg::models::quantum
