// Gradient descent steps on deep linear networks of depth 3 in float64: the hand-written kernel, the trainer's way, the
// matrix products alone, and a bifurcation diagram. Prints JSON: {"step": {d: {"kernel": s, "products": s, "task": s}},
// "sharpness": {…}, "bifurcation": {…}}; processor
// seconds, medians of rounds in turns.
#include <fmt/format.h>
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <functional>
#include <map>

#include "core/curvature/sharpness.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/study/study_config.h"
#include "core/task_objective/task_objective.h"
#include "core/train/run_config.h"
#include "models/deep_linear/factor_kernel.h"
#include "tasks/deep_matrix_factorization/deep_matrix_factorization.h"
#include "tasks/register.h"

namespace {

using namespace talweg;

constexpr int kRounds = 7;

/// Processor time of the whole process, which a busy machine changes less than the time on the wall.
double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Seconds per call of each, in turns.
std::map<std::string, double> measure(const std::map<std::string, std::function<void()>>& works, int calls) {
  std::map<std::string, std::vector<double>> seconds;
  for (int round = -1; round < kRounds; ++round)
    for (const auto& [name, work] : works) {
      const double begin = processor_seconds();
      for (int i = 0; i < calls; ++i) work();
      if (round >= 0) seconds[name].push_back((processor_seconds() - begin) / calls);
    }
  std::map<std::string, double> medians;
  for (auto& [name, values] : seconds) {
    std::sort(values.begin(), values.end());
    medians[name] = values[values.size() / 2];
  }
  return medians;
}

/// The threshold 2/S_1 of σ = 10 at depth 3 times 1.05, as the peers.
constexpr double kStepSize = 1.05 * 2 / 64.63304070095652;

std::unique_ptr<Task> make_task(const std::string& text) {
  const auto config = config::parse<RunConfig>(config::parse_yaml(
      fmt::format("task: {}\noptimizer: sgd\ntraining: {{steps: 1, batch_size: 1, precision: float64}}\n", text),
      "bench"));
  return config.task.create(TaskContext{at::kCPU, at::kDouble, RandomStreams(0)});
}

/// One step of gradient descent by way of autograd.
void descend(Task& task, const std::vector<at::Tensor>& parameters, double step_size) {
  for (const at::Tensor& parameter : parameters) parameter.mutable_grad() = at::Tensor();
  task.loss({}).backward();
  torch::NoGradGuard no_grad;
  for (const at::Tensor& parameter : parameters) at::Tensor(parameter).sub_(parameter.grad(), step_size);
}

std::string steps(std::int64_t d) {
  const auto task = make_task(fmt::format(
      "{{type: deep_matrix_factorization, target: {{singular_values: [10, 6, 3], rows: {}, vectors: random}}}}", d));
  auto& factorization = dynamic_cast<tasks::DeepMatrixFactorization&>(*task);
  models::FactorKernel kernel({d, d, d, d});
  for (std::size_t l = 0; l < 3; ++l) kernel.set_layer(l, factorization.network().layers()[l].const_data_ptr<double>());
  kernel.set_target(factorization.target().matrix.const_data_ptr<double>());
  const at::Tensor a = at::randn({d, d}, at::kDouble), b = at::randn({d, d}, at::kDouble);
  at::Tensor c = at::empty({d, d}, at::kDouble);
  const std::vector<at::Tensor> parameters = task->module().parameters();
  const auto seconds = measure({{"kernel", [&] { kernel.descend(kStepSize, 1); }},
                                {"products",
                                 [&] {
                                   for (int i = 0; i < 6; ++i) at::mm_out(c, a, b);
                                 }},
                                {"task", [&] { descend(*task, parameters, kStepSize); }}},
                               d < 20    ? 100000
                               : d < 100 ? 4000
                                         : 60);
  return fmt::format("\"{}\": {{\"kernel\": {:.4e}, \"products\": {:.4e}, \"task\": {:.4e}}}", d, seconds.at("kernel"),
                     seconds.at("products"), seconds.at("task"));
}

/// Largest eigenvalue of the Hessian at the balanced minimum.
std::string sharpness(std::int64_t d) {
  const auto task = make_task(
      fmt::format("{{type: deep_matrix_factorization, target: {{singular_values: [10, 6, 3], rows: {}}}}}", d));
  {
    torch::NoGradGuard no_grad;
    const at::Tensor root = at::zeros({d}, at::kDouble);
    root.narrow(0, 0, 3).copy_(at::tensor({10.0, 6.0, 3.0}, at::kDouble).pow(1.0 / 3));
    for (at::Tensor& layer : task->module().parameters()) layer.copy_(at::diag(root));
  }
  ObjectiveOptions options;
  options.precision = Precision::float64;
  TaskObjective objective(*task, options, RandomStreams(0), at::kCPU);
  objective.begin_step(0, {{at::zeros({1})}, 1});
  LargestEigenvalues found;
  const auto seconds = measure({{"sharpness",
                                 [&] {
                                   found = hessian_eigenvalues(objective, {1, 1e-8, 1000}, RandomGenerator(1));
                                 }}},
                               1);
  return fmt::format("{{\"d\": {}, \"seconds\": {:.4e}, \"products\": {}, \"value\": {:.10f}}}", d,
                     seconds.at("sharpness"), found.products, found.values[0]);
}

/// Seconds per iteration of 1000 step sizes at once, of dense networks of size 5.
std::string bifurcation() {
  const auto config =
      config::parse<StudyConfig>(config::parse_yaml("study: {type: bifurcation_diagram, target: {singular_values: [10, "
                                                    "6, 3], rows: 5}, range: {from: 0.03, to: 0.042, "
                                                    "count: 1000}}",
                                                    "bench"));
  const auto study = config.study.create({at::kCPU, RandomStreams(0)});
  const auto seconds = measure({{"step", [&] { study->step(0); }}}, 300);
  return fmt::format("{{\"step_sizes\": 1000, \"step\": {:.4e}}}", seconds.at("step"));
}

}  // namespace

int main() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2000 << 20);
  tasks::register_components();
  fmt::print("{{\"step\": {{{}, {}, {}}}, \"sharpness\": {}, \"bifurcation\": {}}}\n", steps(5), steps(50), steps(200),
             sharpness(50), bifurcation());
}
