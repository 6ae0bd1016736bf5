// Neural mapping on one thread. `encode`: the hash grid of office1 (1,616,144 numbers) at 92,364 places, features and
// the gradient of the table. `iteration`: an inner iteration of the check scene, a batch of 128 rays of 27 samples, its
// gradient by the grid and Adam, as a training makes it. Prints JSON in milliseconds, the least of rounds.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/train/training.h"
#include "models/neural_field/hash_grid.h"
#include "tasks/register.h"

namespace {

using namespace talweg;

template <class Call>
double least_milliseconds(int rounds, int calls, const Call& call) {
  double least = 1e30;
  call();
  for (int round = 0; round < rounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) call();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    least = std::min(least, took.count() / calls);
  }
  return least;
}

nlohmann::json encode() {
  const models::GridLayout layout({16, 16, 260, 16});
  torch::manual_seed(1);
  const at::Tensor table = at::empty({layout.entries(), 2}).uniform_(-1e-4, 1e-4).requires_grad_();
  const at::Tensor points = at::rand({92364, 3});
  const double forward = least_milliseconds(7, 1, [&] {
    const torch::NoGradGuard no_grad;
    models::hash_encode(table, points, layout);
  });
  const double both = least_milliseconds(7, 1, [&] {
    table.mutable_grad() = at::Tensor();
    models::hash_encode(table, points, layout).sum().backward();
  });
  return {{"forward_ms", forward}, {"ms", both}, {"grid_parameters", layout.parameters()}};
}

nlohmann::json iteration() {
  tasks::register_components();
  const auto config = config::parse<RunConfig>(config::parse_yaml(R"(
name: bench
seed: 1
device: cpu
task:
  type: neural_mapping
  data: {type: analytic_room, trajectories: 3, frames: 60, rays: 400, slab_margin: 0.4, depth_along: ray}
  grid: {levels: 8, base: 8, finest: 96, log2_entries: 13}
  decoder: {colour: false}
  decoder_weights: {pretraining: {}}
  sampling: {far: 6.5, uniform: 16}
  smoothness: {weight: 0}
  keyframes: {steps_of_first: 60, current_share: 0.25}
optimizer: {type: adam, learning_rate: 0.01, beta2: 0.99, epsilon: 1.0e-15}
training: {steps: 10000, batch_size: 128}
)",
                                                                  "bench"));
  Training training(config, at::kCPU);
  std::int64_t step = 0;
  return {{"ms", least_milliseconds(15, 40, [&] { training.step(step++); })}};
}

}  // namespace

int main(int argc, char** argv) {
  at::set_num_threads(1);
  const nlohmann::json answer = argc > 1 && std::strcmp(argv[1], "encode") == 0 ? encode() : iteration();
  fmt::print("{}\n", answer.dump());
}
