#include "models/quantum/ansatz.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::models::quantum {
namespace {

constexpr double kSumTolerance = 1e-6;

void require_distribution(double least, double sum) {
  if (!(least >= 0)) throw ConfigError(fmt::format("a distribution has no negative entries; this one has {}", least));
  if (!(std::abs(sum - 1) <= kSumTolerance))
    throw ConfigError(fmt::format("the entries of a distribution sum to one; these sum to {}", sum));
}

void add_ring_layer(Circuit& circuit, const std::string& name) {
  const std::int64_t qubits = circuit.qubits();
  for (std::int64_t q = 0; q < qubits; ++q) circuit.ry(q, circuit.parameter(fmt::format("{}.ry.{}", name, q)));
  for (std::int64_t q = 0; q < qubits; ++q) circuit.rz(q, circuit.parameter(fmt::format("{}.rz.{}", name, q)));
  for (std::int64_t q = 0; qubits > 1 && q < qubits; ++q) circuit.cnot(q, (q + 1) % qubits);
}

}  // namespace

Circuit ring_ansatz(std::int64_t qubits, std::int64_t layers, const std::string& prefix) {
  Circuit circuit(qubits);
  for (std::int64_t layer = 0; layer < layers; ++layer) add_ring_layer(circuit, fmt::format("{}.{}", prefix, layer));
  return circuit;
}

Circuit share_and_specify(std::int64_t qubits, std::int64_t shared_layers, std::int64_t specific_layers) {
  Circuit circuit(qubits);
  // Parameters are numbered by kind, whatever the order in which gates use them.
  const Circuit shared = ring_ansatz(qubits, shared_layers, "shared"),
                specific = ring_ansatz(qubits, specific_layers, "specific");
  for (const Circuit* part : {&shared, &specific})
    for (const std::string& name : part->parameters()) circuit.parameter(name);
  for (std::int64_t layer = 0; layer < std::max(shared_layers, specific_layers); ++layer) {
    if (layer < shared_layers) add_ring_layer(circuit, fmt::format("shared.{}", layer));
    if (layer < specific_layers) add_ring_layer(circuit, fmt::format("specific.{}", layer));
  }
  return circuit;
}

Circuit repeated(const Circuit& u, std::int64_t times, std::int64_t shift) {
  Circuit circuit(u.qubits() + (times - 1) * shift);
  for (const std::string& name : u.parameters()) circuit.parameter(name);
  for (std::int64_t k = 0; k < times; ++k) circuit.append(u, k * shift);
  return circuit;
}

Circuit exact_loader(const std::vector<double>& probabilities) {
  std::int64_t qubits = 0;
  while ((std::size_t{1} << qubits) < probabilities.size()) ++qubits;
  if (qubits == 0 || (std::size_t{1} << qubits) != probabilities.size())
    throw ConfigError(
        fmt::format("a distribution over basis states has 2, 4, 8, … entries, not {}", probabilities.size()));
  double least = 0, sum = 0;
  for (const double p : probabilities) least = std::min(least, p), sum += p;
  require_distribution(least, sum);
  Circuit circuit(qubits);
  std::vector<std::int64_t> controls;
  for (std::int64_t q = 0; q < qubits; ++q) {
    const std::size_t length = probabilities.size() >> q, half = length / 2;
    std::vector<Angle> angles;
    for (std::size_t prefix = 0; prefix < std::size_t{1} << q; ++prefix) {
      double zero = 0, one = 0;
      for (std::size_t i = 0; i < half; ++i) {
        zero += probabilities[prefix * length + i];
        one += probabilities[prefix * length + half + i];
      }
      angles.push_back({-1, 2 * std::atan2(std::sqrt(one), std::sqrt(zero))});
    }
    circuit.multiplexed_ry(controls, q, angles);
    controls.push_back(q);
  }
  return circuit;
}

Circuit context_preserving(std::int64_t context_qubits) {
  Circuit circuit(context_qubits + 1);
  std::vector<std::int64_t> controls;
  std::vector<Angle> angles;
  for (std::int64_t q = 0; q < context_qubits; ++q) controls.push_back(q);
  for (std::int64_t x = 0; x < std::int64_t{1} << context_qubits; ++x)
    angles.push_back(circuit.parameter(fmt::format("context.{}", x)));
  return circuit.multiplexed_ry(controls, context_qubits, angles);
}

std::vector<double> context_preserving_angles(const std::vector<double>& up_given_context) {
  std::vector<double> angles;
  for (const double p : up_given_context) angles.push_back(2 * std::asin(std::sqrt(p)));
  return angles;
}

Circuit swap_test(std::int64_t register_qubits) {
  Circuit circuit(2 * register_qubits + 1);
  circuit.h(0);
  for (std::int64_t q = 0; q < register_qubits; ++q)
    circuit.add({GateKind::swap, {1 + q, 1 + register_qubits + q}, {0}, {1}});
  return circuit.h(0);
}

at::Tensor amplitudes_of(const at::Tensor& probabilities, at::ScalarType complex_type) {
  const at::Tensor p = probabilities.to(at::kDouble), sums = p.sum(-1);
  const double worst = ((sums - 1).abs().max()).item<double>();
  require_distribution(p.min().item<double>(),
                       worst <= kSumTolerance ? 1 : sums.flatten()[(sums - 1).abs().argmax()].item<double>());
  return p.sqrt().to(complex_type);
}

}  // namespace talweg::models::quantum
