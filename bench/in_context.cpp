// Processor seconds of one training step of the chain-of-thought transformer (prompts, gradient, Adam) and of decoding
// for 10,000 prompts. Prints JSON: {"train_float64_10": …, "decode_float32_40": …}, medians of several rounds.
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <numeric>

#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/task_objective/task_objective.h"
#include "core/train/run_config.h"
#include "models/in_context/linear_transformer.h"
#include "tasks/in_context_regression/prompts.h"
#include "tasks/register.h"

namespace {

using namespace talweg;

constexpr int kRounds = 5;

/// All threads of the process together: with one thread the time a quiet machine would need, whatever else runs on it.
double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

class TrainingStep {
 public:
  TrainingStep(const std::string& precision, int steps, int batch) {
    const auto config = config::parse<RunConfig>(config::parse_yaml(
        fmt::format(
            "task: {{type: in_context_regression, steps: {}, evaluation: {{prompts: 100}}}}\noptimizer: {{type: adam, "
            "learning_rate: 3e-3}}\ntraining: {{steps: 1, precision: {}}}\n",
            steps, precision),
        "bench"));
    torch::manual_seed(0);
    task_ =
        config.task.create(TaskContext{at::kCPU, precision == "float64" ? at::kDouble : at::kFloat, RandomStreams(0)});
    optimizer_ = config.optimizer.create(trainable_parameters(task_->module()));
    ObjectiveOptions options;
    options.precision = config.training.precision;
    objective_ = std::make_unique<TaskObjective>(*task_, options, RandomStreams(0), at::kCPU);
    indices_.resize(static_cast<std::size_t>(batch));
    std::iota(indices_.begin(), indices_.end(), 0);
  }
  void operator()() {
    objective_->begin_step(step_, task_->training_data().batch(indices_, step_));
    ++step_;
    optimizer_->step(*objective_);
  }

 private:
  std::unique_ptr<Task> task_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<TaskObjective> objective_;
  std::vector<std::int64_t> indices_;
  std::int64_t step_ = 0;
};

class Decode {
 public:
  Decode(at::ScalarType dtype, std::int64_t steps) : steps_(steps) {
    models::LinearTransformerOptions options;
    options.attention.initialization = models::AttentionInitialization::descent;
    model_ = std::make_unique<models::LinearTransformer>(options, models::InContextShape{10, 20, steps});
    model_->to(dtype);
    tasks::PromptLaw law;
    law.covariance.eigenvalues.assign(10, 1.0);
    prompts_ = tasks::draw_prompts(law, 10000, RandomStreams(0), "bench", at::kCPU, dtype).prompts;
    // As a peer holds them: every prompt on its own.
    prompts_.context = prompts_.context.contiguous();
  }
  void operator()() {
    torch::NoGradGuard no_grad;
    model_->answers(prompts_, steps_);
  }

 private:
  std::int64_t steps_;
  std::unique_ptr<models::LinearTransformer> model_;
  models::Prompts prompts_;
};

template <class Work>
double measure(Work&& work, int repeats) {
  for (int i = 0; i < std::max(1, repeats / 4); ++i) work();
  std::vector<double> rounds;
  for (int round = 0; round < kRounds; ++round) {
    const double begin = processor_seconds();
    for (int i = 0; i < repeats; ++i) work();
    rounds.push_back((processor_seconds() - begin) / repeats);
  }
  std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
  return rounds[kRounds / 2];
}

}  // namespace

int main() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  tasks::register_components();
  std::string out;
  const auto tell = [&](const std::string& name, double seconds) {
    out += fmt::format("{}\"{}\": {:.9g}", out.empty() ? "{" : ", ", name, seconds);
  };
  for (const char* precision : {"float64", "float32"}) {
    for (const int steps : {10, 20, 40})
      tell(fmt::format("train_{}_{}", precision, steps), measure(TrainingStep(precision, steps, 256), 100));
    const at::ScalarType dtype = std::string(precision) == "float64" ? at::kDouble : at::kFloat;
    for (const int steps : {20, 40})
      tell(fmt::format("decode_{}_{}", precision, steps), measure(Decode(dtype, steps), 4));
  }
  fmt::print("{}}}\n", out);
}
