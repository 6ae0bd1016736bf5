// Seconds per step of the trainer and of bare LibTorch loops on the same small model and data, in one process and in
// turns. Prints JSON: {"trainer": …, "trainer_prefetch": …, "bare_fused": …, "bare_libtorch": …}, medians of several
// rounds.
#include <fmt/format.h>
#include <malloc.h>
#include <torch/optim/adamw.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>

#include "core/data/bundled.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/train/trainer.h"
#include "models/mlp.h"
#include "tasks/register.h"

namespace {

using namespace talweg;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kBatch = 64;
constexpr int kSteps = 2000;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Training time of a run of this many steps without evaluations, records or checkpoints on the way.
double trainer_seconds(std::int64_t steps, int prefetch) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("talweg-bench-{}", ::getpid());
  std::filesystem::remove_all(folder);
  const auto config = config::parse<RunConfig>(config::parse_yaml(
      fmt::format(
          "device: cpu\ntask: {{type: classification, data: digits, model: {{type: mlp, hidden: [128, 128]}}}}\n"
          "training: {{steps: {}, batch_size: {}, evaluate_every: 1000000, prefetch: {}}}\n",
          steps, kBatch, prefetch),
      "bench"));
  double seconds = 0;
  {
    const RunDirectory directory = RunDirectory::create(folder);
    Trainer trainer(config, directory, true);
    seconds = trainer.run().seconds;
  }
  std::filesystem::remove_all(folder);
  return seconds;
}

/// Per step: the difference of a long and a short run, so that what happens once cancels.
double trainer_step(int prefetch) {
  return (trainer_seconds(kSteps + 200, prefetch) - trainer_seconds(200, prefetch)) / kSteps;
}

/// The loop a person writes by hand: shuffled batches, forward, backward, step, loss read at every tenth step.
double bare_step(
    const std::function<std::function<void(const std::function<at::Tensor()>&)>(models::Mlp&)>& make_step) {
  const data::LabelledData digits = data::digits();
  models::Mlp model({}, {{1, 8, 8}, 10});
  const auto step = make_step(model);
  const std::int64_t per_epoch = digits.size() / kBatch;
  at::Tensor order;
  double sum = 0;
  Clock::time_point begin;
  for (int i = -200; i < kSteps; ++i) {
    if (i == 0) begin = Clock::now();
    const std::int64_t position = (i + 200) % per_epoch;
    if (position == 0) order = at::randperm(digits.size());
    const at::Tensor index = order.narrow(0, position * kBatch, kBatch);
    const at::Tensor x = digits.inputs.index_select(0, index), y = digits.targets.index_select(0, index);
    at::Tensor loss;
    step([&] {
      model.zero_grad();
      loss = at::cross_entropy_loss(model.forward(x), y);
      loss.backward();
      return loss;
    });
    if (i % 10 == 0) sum += loss.item<double>();
  }
  const double seconds = seconds_since(begin) / kSteps;
  if (sum == 0) fmt::print(stderr, "impossible\n");
  return seconds;
}

double bare_fused() {
  return bare_step([](models::Mlp& model) {
    std::vector<at::Tensor> first, second;
    for (const at::Tensor& parameter : model.parameters()) {
      first.push_back(at::zeros_like(parameter));
      second.push_back(at::zeros_like(parameter));
    }
    const at::Tensor step = at::zeros({});
    return [first, second, step, counts = std::vector<at::Tensor>(first.size(), step),
            parameters = model.parameters()](const std::function<at::Tensor()>& closure) {
      closure();
      torch::NoGradGuard no_grad;
      std::vector<at::Tensor> gradients;
      for (const at::Tensor& parameter : parameters) gradients.push_back(parameter.grad());
      step.add_(1);
      at::_fused_adamw_(parameters, gradients, first, second, {}, counts, 1e-3, 0.9, 0.999, 0.01, 1e-8, false, false);
    };
  });
}

double bare_libtorch() {
  return bare_step([](models::Mlp& model) {
    auto optimizer = std::make_shared<torch::optim::AdamW>(model.parameters(), torch::optim::AdamWOptions(1e-3));
    return [optimizer](const std::function<at::Tensor()>& closure) { optimizer->step(closure); };
  });
}

}  // namespace

int main() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2000 << 20);
  talweg::tasks::register_components();
  const std::map<std::string, std::function<double()>> measured = {{"trainer", [] { return trainer_step(0); }},
                                                                   {"trainer_prefetch", [] { return trainer_step(2); }},
                                                                   {"bare_fused", bare_fused},
                                                                   {"bare_libtorch", bare_libtorch}};
  std::map<std::string, std::vector<double>> seconds;
  for (int round = 0; round < 7; ++round)
    for (const auto& [name, measure] : measured) seconds[name].push_back(measure());
  std::string text;
  for (auto& [name, values] : seconds) {
    std::sort(values.begin(), values.end());
    text += fmt::format("{}\"{}\": {:.3e}", text.empty() ? "" : ", ", name, values[values.size() / 2]);
  }
  fmt::print("{{{}}}\n", text);
}
