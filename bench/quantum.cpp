// Value and gradient of <Z0> of the ring ansatz of L = 4 layers in complex128, and a batch of 64 circuits of n = 4.
// Prints JSON: {"qubits": {n: {"ms", "passes"}}, "batch": {"single_ms", "ms_of_64"}}; least time of six rounds on the
// wall.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "core/libtorch.h"
#include "models/quantum/ansatz.h"
#include "models/quantum/simulator.h"

namespace {

using namespace talweg::models::quantum;

double least_milliseconds(std::int64_t qubits, std::int64_t rows, int calls) {
  const Program program(ring_ansatz(qubits, 4));
  const at::Tensor angles = at::rand({rows, program.parameters()}, at::kDouble) * 6.283185307179586;
  const std::vector<PauliString> z0 = {{"Z" + std::string(static_cast<std::size_t>(qubits - 1), 'I'), 1}};
  double least = 1e9;
  for (int round = 0; round < 6; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) value_and_gradient(program, angles, at::kComplexDouble, z0);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    least = std::min(least, took.count() / calls);
  }
  return least;
}

}  // namespace

int main() {
  torch::manual_seed(1);
  nlohmann::json answer;
  for (const auto& [n, calls] :
       std::vector<std::pair<int, int>>{{4, 500}, {8, 200}, {12, 20}, {16, 3}, {18, 1}, {20, 1}})
    answer["qubits"][std::to_string(n)] = {{"ms", least_milliseconds(n, 1, calls)},
                                           {"passes", Program(ring_ansatz(n, 4)).passes()}};
  answer["batch"] = {{"single_ms", least_milliseconds(4, 1, 500)}, {"ms_of_64", least_milliseconds(4, 64, 100)}};
  fmt::print("{}\n", answer.dump(1));
}
