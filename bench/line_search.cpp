// Seconds and steps until logistic or softmax regression on a CSV file reaches a loss, for the line searches and their
// baselines; and the price of a search per step of a network. Prints JSON.
//
//   bench_line_search reach FILE.csv CLASSES [NAME]    {"gd_ls": {"0.1": [seconds, steps], …}, …}
//   bench_line_search network                          {"sls": {"seconds": per step, "trials": per step}, …}
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/task_objective/task_objective.h"
#include "core/train/run_config.h"
#include "tasks/register.h"

namespace {

using namespace talweg;
using Clock = std::chrono::steady_clock;
using nlohmann::ordered_json;

/// Evaluates trials one forward pass at a time, as for a model that is not linear.
class WithoutFastPath : public TaskObjective {
 public:
  using TaskObjective::TaskObjective;
  std::unique_ptr<Ray> along(Direction direction) override { return make_parameter_ray(*this, std::move(direction)); }
};

struct Setting {
  std::string optimizer;
  std::int64_t batch_size;  ///< 0: all examples
  bool fast_path = true;
};

/// One optimizer on one task, stepped by hand; the clock runs during steps only.
class Contest {
 public:
  Contest(const std::string& task, const Setting& setting, const std::string& precision)
      : config_(config::parse<RunConfig>(config::parse_yaml(
            fmt::format("task: {}\noptimizer: {}\ntraining: {{steps: 1, batch_size: 1, precision: {}}}\n", task,
                        setting.optimizer, precision),
            "bench"))),
        task_(config_.task.create(
            TaskContext{at::kCPU, precision == "float64" ? at::kDouble : at::kFloat, RandomStreams(1)})),
        optimizer_(config_.optimizer.create(trainable_parameters(task_->module()))) {
    ObjectiveOptions options;
    options.precision = config_.training.precision;
    if (setting.fast_path)
      objective_ = std::make_unique<TaskObjective>(*task_, options, RandomStreams(1), at::kCPU);
    else
      objective_ = std::make_unique<WithoutFastPath>(*task_, options, RandomStreams(1), at::kCPU);
    const std::int64_t size = task_->training_data().size();
    batch_size_ = setting.batch_size == 0 ? size : setting.batch_size;
    if (batch_size_ == size) batch_ = task_->training_data().batch(indices_of(at::arange(size)), 0);
  }

  /// Seconds of one step.
  double step() {
    data::Batch batch = batch_.size > 0 ? batch_ : next_batch();
    const Clock::time_point begin = Clock::now();
    objective_->begin_step(steps_, std::move(batch));
    const StepReport report = optimizer_->step(*objective_);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    ++steps_;
    forwards_ += report.forwards;
    return seconds;
  }
  /// Of all examples. Descent on all of them is asked by its own objective, as evaluating a second copy of the data
  /// would push the first out of the cache between steps.
  double loss() {
    if (batch_.size == 0) return task_->evaluate().front().second;
    objective_->begin_step(steps_, batch_);
    return objective_->value().item<double>();
  }
  std::int64_t steps() const { return steps_; }
  std::int64_t forwards() const { return forwards_; }

 private:
  static std::vector<std::int64_t> indices_of(const at::Tensor& order) {
    return {order.const_data_ptr<std::int64_t>(), order.const_data_ptr<std::int64_t>() + order.numel()};
  }
  data::Batch next_batch() {
    const std::int64_t size = task_->training_data().size(), per_epoch = size / batch_size_;
    if (steps_ % per_epoch == 0) order_ = at::randperm(size);
    const at::Tensor part = order_.narrow(0, steps_ % per_epoch * batch_size_, batch_size_).contiguous();
    return task_->training_data().batch(indices_of(part), steps_);
  }

  RunConfig config_;
  std::unique_ptr<Task> task_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<TaskObjective> objective_;
  data::Batch batch_;
  at::Tensor order_;
  std::int64_t batch_size_ = 0, steps_ = 0, forwards_ = 0;
};

constexpr double kTimeLimit = 4;
const std::vector<double> kTargets{1e-1, 1e-2, 1e-4};

/// For every target the first step at which the loss is below it, and the median over rounds of the seconds until then.
ordered_json reach(const std::string& task, const Setting& setting) {
  std::map<double, std::vector<double>> seconds;
  std::map<double, std::int64_t> steps;
  for (int round = 0; round < 5; ++round) {
    torch::manual_seed(1);
    Contest contest(task, setting, "float64");
    double spent = 0;
    std::size_t next = 0;
    while (next < kTargets.size() && spent < kTimeLimit) {
      spent += contest.step();
      if (contest.steps() > 100 && contest.steps() % 10 != 0) continue;
      const double loss = contest.loss();
      if (!std::isfinite(loss)) break;
      for (; next < kTargets.size() && loss <= kTargets[next]; ++next) {
        seconds[kTargets[next]].push_back(spent);
        steps[kTargets[next]] = contest.steps();
      }
    }
    if (spent > 1) break;
  }
  ordered_json result = ordered_json::object();
  for (auto& [target, times] : seconds) {
    std::sort(times.begin(), times.end());
    result[fmt::format("{:g}", target)] = {times[times.size() / 2], steps[target]};
  }
  return result;
}

ordered_json reach_all(const std::string& file, std::int64_t classes, const std::string& only) {
  const std::string task = fmt::format(
      "{{type: classification, head: {}, data: {{type: csv, path: '{}', evaluation_path: '{}'}}, model: {{type: "
      "linear, "
      "bias: false, initialization: zero}}}}",
      classes == 2 ? "logistic" : "softmax", file, file);
  const std::string lbfgs =
      "{type: armijo, direction: {type: lbfgs, history: 30}, start: {type: init, step: 1}, acceptance: {type: armijo, "
      "c: 1e-4}, shrink: 0.5}";
  const std::map<std::string, Setting> settings = {
      {"gd_ls", {"gd_ls", 0}},
      {"gd_ls without fast path", {"gd_ls", 0, false}},
      {"lbfgs direction", {lbfgs, 0}},
      {"sls", {"{type: sls, largest_step: 1000}", 100}},
      {"gd_smooth", {"gd_smooth", 0}},
      {"gd_ls, shrink 0.9", {"{type: gd_ls, shrink: 0.9}", 0}},
      {"gd_ls, shrink 0.9, without fast path", {"{type: gd_ls, shrink: 0.9}", 0, false}},
  };
  ordered_json result;
  for (const auto& [name, setting] : settings)
    if (only.empty() || only == name) result[name] = reach(task, setting);
  return result;
}

/// Seconds per step of a convolutional network on digits, in turns, and the trials of a search.
ordered_json network() {
  constexpr int kSteps = 300, kRounds = 5;
  const std::string task =
      "{type: classification, data: digits, model: {type: convnet, channels: [32, 64], hidden: 128}}";
  const std::map<std::string, std::string> optimizers = {
      {"sgd", "{type: sgd, learning_rate: 0.1}"}, {"sls", "sls"}, {"sls, shrink 0.7", "{type: sls, shrink: 0.7}"}};
  std::map<std::string, std::vector<double>> seconds;
  std::map<std::string, double> forwards;
  for (int round = 0; round < kRounds; ++round)
    for (const auto& [name, optimizer] : optimizers) {
      torch::manual_seed(1);
      Contest contest(task, {optimizer, 64}, "float32");
      double spent = 0;
      for (int i = 0; i < kSteps; ++i) spent += contest.step();
      seconds[name].push_back(spent / kSteps);
      forwards[name] = static_cast<double>(contest.forwards()) / kSteps;
    }
  ordered_json result;
  for (auto& [name, times] : seconds) {
    std::sort(times.begin(), times.end());
    result[name] = {{"seconds", times[times.size() / 2]}, {"trials", std::max(0.0, forwards[name] - 1)}};
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2000 << 20);
  talweg::tasks::register_components();
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "reach" && (argc == 4 || argc == 5)) {
    fmt::print("{}\n", reach_all(argv[2], std::atol(argv[3]), argc == 5 ? argv[4] : "").dump());
  } else if (what == "network") {
    fmt::print("{}\n", network().dump());
  } else {
    fmt::print(stderr, "usage: bench_line_search reach FILE.csv CLASSES [NAME] | network\n");
    return 2;
  }
}
