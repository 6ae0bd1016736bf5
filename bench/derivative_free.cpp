// Searches of noisy functions by values alone, for one run beside pycma, Py-BOBYQA, NLopt and SciPy. Prints JSON.
//
//   bench_derivative_free search NOISE GRADIENTS SEEDS PROBLEM…   {"cma_es": {"PROBLEM": [gap by seed, …], …}, …}
//   bench_derivative_free function79 SEEDS                        {"cma_es": [gap by seed, …], …}
//   bench_derivative_free speed                                   {"sphere": [evaluations per second, a point once, 100
//   times], …}
#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/train/fit.h"
#include "tasks/black_box/black_box.h"
#include "tasks/register.h"

namespace {

using namespace talweg;
using nlohmann::ordered_json;

struct Setting {
  const char* name;
  const char* optimizer;
};

constexpr Setting kSettings[] = {
    {"cma_es", "{type: cma_es, initial_step: 0.5}"},
    {"cma_es, no noise handler", "{type: cma_es, initial_step: 0.5, noise_handler: null}"},
    {"ada_dfo", "{type: ada_dfo}"},
    {"ada_dfo, K = 3, n_b = 2", "{type: ada_dfo, estimator: {type: cor_cfd, perturbations: 3, pairs: 2}}"},
    {"nelder_mead", "{type: nelder_mead}"},
    {"bobyqa", "{type: bobyqa}"},
    {"sbplx", "{type: sbplx}"}};

/// F − F* at the recommended point when the budget is spent.
double gap_after(const std::string& oracle, std::int64_t budget, const char* optimizer, std::uint64_t seed) {
  const auto box = config::parse<tasks::BlackBoxOptions>(
      config::parse_yaml(fmt::format("{{oracle: {}, budget: {{evaluations: {}}}}}", oracle, budget), "bench"));
  const auto how =
      config::parse<FitOptions>(config::parse_yaml(fmt::format("{{optimizer: {}, epochs: 1e12}}", optimizer), "bench"));
  const TaskContext context{at::kCPU, at::kDouble, RandomStreams(seed)};
  tasks::BlackBox task(box, context);
  Fit fit(task, how, context);
  for (std::int64_t step = 0; task.finished().empty(); ++step) {
    const double before = task.counted().done;
    fit.step(step);
    if (task.counted().done == before) break;
  }
  const auto exact = box.oracle.create();
  return *exact->exact(task.module().named_parameters()["point"].const_data_ptr<double>()) - *exact->minimum();
}

ordered_json gaps(const std::string& oracle, std::int64_t budget, const Setting& setting, std::int64_t seeds) {
  ordered_json list = ordered_json::array();
  for (std::int64_t seed = 1; seed <= seeds; ++seed) {
    try {
      list.push_back(gap_after(oracle, budget, setting.optimizer, static_cast<std::uint64_t>(seed)));
    } catch (const Error&) {
      list.push_back(nullptr);  // its budget does not pay for a step
    }
  }
  return list;
}

/// Observations of one call of many points, each so many times.
double evaluations_per_second(const std::string& oracle, std::int64_t draws) {
  const auto box = config::parse<tasks::BlackBoxOptions>(
      config::parse_yaml(fmt::format("{{oracle: {}, budget: {{evaluations: 1e12}}}}", oracle), "bench"));
  tasks::BlackBox task(box, {at::kCPU, at::kDouble, RandomStreams(1)});
  const std::int64_t observations = 100000;
  const at::Tensor points =
      task.module().named_parameters()["point"].detach().expand({observations / draws, -1}).contiguous();
  std::vector<std::uint64_t> seeds;
  for (std::int64_t i = 0; i < observations; ++i)
    seeds.push_back(RandomStreams(2).seed_of("draw", static_cast<std::uint64_t>(i)));
  double best = 0;
  for (int repeat = 0; repeat < 10; ++repeat) {
    const auto begin = std::chrono::steady_clock::now();
    task.observe(points, seeds, 0);
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
    best = std::max(best, static_cast<double>(seeds.size()) / passed.count());
  }
  return best;
}

}  // namespace

int main(int count, char** arguments) {
  tasks::register_components();
  const std::vector<std::string> words(arguments + 1, arguments + count);
  ordered_json result;
  if (words.size() > 4 && words[0] == "search") {
    for (const Setting& setting : kSettings)
      for (std::size_t i = 4; i < words.size(); ++i) {
        const std::string oracle =
            fmt::format("{{type: more_wild, problem: {}, noise: {{sigma: {}}}}}", words[i], words[1]);
        const std::int64_t n = std::ssize(
            config::parse<tasks::BlackBoxOptions>(config::parse_yaml(fmt::format("{{oracle: {}}}", oracle), "bench"))
                .oracle.create()
                ->variables());
        result[setting.name][words[i]] = gaps(oracle, std::stoll(words[2]) * (n + 1), setting, std::stoll(words[3]));
      }
  } else if (words.size() == 2 && words[0] == "function79") {
    for (const Setting& setting : {kSettings[0], kSettings[2]})
      result[setting.name] = gaps("function79", 128000, setting, std::stoll(words[1]));
  } else if (words.size() == 1 && words[0] == "speed") {
    for (const char* oracle :
         {"{type: sphere, dimension: 10}", "{type: ellipsoid, dimension: 10}", "{type: rosenbrock, dimension: 10}",
          "{type: sum_of_exponentials, dimension: 10}", "{type: more_wild, problem: bard_good_start}"})
      result[oracle] = {evaluations_per_second(oracle, 1), evaluations_per_second(oracle, 100)};
  } else {
    fmt::print(stderr, "usage: bench_derivative_free search|function79|speed …\n");
    return 2;
  }
  fmt::print("{}\n", result.dump());
}
