// The simulator of quantum circuits, as JSON: value and gradient of <Z0> of the ring ansatz of L = 4 layers in
// complex128.
//   bench_quantum QUBITS   {"ms", "forward_ms", "passes", "value", "gradient_norm", "states": peak memory in state
//   vectors,
//                           "copy_ms": a copy of the state}
//   bench_quantum batch    milliseconds of 1, 64 and 4096 circuits of four qubits, by the function and by autograd
// Least time of rounds on the wall.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/libtorch.h"
#include "models/quantum/ansatz.h"
#include "models/quantum/engine.h"
#include "models/quantum/simulator.h"

namespace {

using namespace talweg::models::quantum;

double least_milliseconds(const std::function<void()>& call, int rounds) {
  const auto seconds_of = [&](int calls) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) call();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / calls;
  };
  call();
  const int calls = std::clamp(static_cast<int>(0.1 / seconds_of(1)), 1, 1000);
  double least = 1e9;
  for (int round = 0; round < rounds; ++round) least = std::min(least, seconds_of(calls));
  return 1e3 * least;
}

double peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

std::vector<PauliString> z0(std::int64_t qubits) {
  return {{"Z" + std::string(static_cast<std::size_t>(qubits - 1), 'I'), 1}};
}

nlohmann::json of_qubits(std::int64_t qubits) {
  const Program program(ring_ansatz(qubits, 4));
  const at::Tensor angles = at::arange(1, program.parameters() + 1, at::kDouble).unsqueeze(0) * 0.1;
  const double state_bytes = 16 * std::ldexp(1.0, static_cast<int>(qubits)), before = peak_bytes();
  const ValueAndGradient found = value_and_gradient(program, angles, at::kComplexDouble, z0(qubits));
  nlohmann::json answer = {{"passes", program.passes()},
                           {"value", found.value.item<double>()},
                           {"gradient_norm", at::linalg_vector_norm(found.gradient).item<double>()},
                           {"states", (peak_bytes() - before) / state_bytes}};
  const int rounds = qubits < 18 ? 6 : 4;
  answer["ms"] =
      least_milliseconds([&] { value_and_gradient(program, angles, at::kComplexDouble, z0(qubits)); }, rounds);
  at::Tensor state = at::zeros({1, std::int64_t{1} << qubits}, at::kComplexDouble), other = state.clone();
  state.select(1, 0).fill_(1);
  answer["forward_ms"] = least_milliseconds([&] { run_program(program, angles, state); }, rounds);
  answer["copy_ms"] = least_milliseconds([&] { other.copy_(state); }, rounds);
  return answer;
}

nlohmann::json of_batches() {
  const Circuit ring = ring_ansatz(4, 4);
  const Program program(ring);
  const Simulator simulator(ring);
  nlohmann::json answer;
  for (const std::int64_t rows : {1, 8, 64, 4096}) {
    const at::Tensor angles = at::rand({rows, program.parameters()}, at::kDouble).requires_grad_();
    const auto name = std::to_string(rows);
    answer["function"][name] =
        least_milliseconds([&] { value_and_gradient(program, angles.detach(), at::kComplexDouble, z0(4)); }, 6);
    answer["autograd"][name] = least_milliseconds(
        [&] {
          angles.mutable_grad() = at::Tensor();
          expectation(simulator(angles), z0(4)).sum().backward();
        },
        6);
    answer["operations"][name] = least_milliseconds(
        [&] {
          angles.mutable_grad() = at::Tensor();
          expectation(simulator.by_operations(angles), z0(4)).sum().backward();
        },
        3);
  }
  return answer;
}

}  // namespace

int main(int count, char** arguments) {
  torch::manual_seed(1);
  const std::string what = count > 1 ? arguments[1] : "batch";
  fmt::print("{}\n", (what == "batch" ? of_batches() : of_qubits(std::stoll(what))).dump());
}
