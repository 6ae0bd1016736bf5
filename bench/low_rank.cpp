// Steps of low-rank optimizers on the target matrices of a Llama, beside the bare products they are made of. Prints
// JSON, processor milliseconds.
//
//   bench_low_rank [tiny|60M|350M|1B] [cpu|cuda]
//
// Gradients are fixed random matrices, as in bench/peers/low_rank.py, so that only the optimizer is timed.
#include <fmt/format.h>
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>

#include "core/device/synchronize.h"
#include "core/libtorch.h"
#include "core/random/seeded_normals.h"
#include "optim/subspace/low_rank_update.h"

namespace {

using namespace talweg;
using namespace talweg::optim;

struct Shape {
  std::int64_t hidden, width, layers, rank;
};
const std::map<std::string, Shape> kShapes = {{"tiny", {768, 2048, 4, 128}},
                                              {"60M", {512, 1376, 8, 128}},
                                              {"350M", {1024, 2736, 24, 256}},
                                              {"1B", {2048, 5461, 24, 512}}};

at::Device device = at::kCPU;

double milliseconds() {
  talweg::synchronize(device);
  timespec time{};
  clock_gettime(!device.is_cpu() ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &time);
  return 1e3 * static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_nsec);
}

double timed(const std::function<void()>& work) {
  const double begin = milliseconds();
  work();
  return milliseconds() - begin;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Model {
  explicit Model(const Shape& shape) {
    const auto add = [&](std::int64_t m, std::int64_t n) {
      const at::Tensor weight = at::empty({m, n}, device), gradient = at::empty({m, n}, device);
      fill_with_seeded_normals(weight, 2 * parameters.size());
      fill_with_seeded_normals(gradient, 2 * parameters.size() + 1);
      gradients.push_back(gradient.mul_(1e-3));
      parameters.push_back({fmt::format("attn.{}", parameters.size()), weight.mul_(0.02)});
    };
    for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
      for (int k = 0; k < 4; ++k) add(shape.hidden, shape.hidden);
      for (int k = 0; k < 2; ++k) add(shape.width, shape.hidden);
      add(shape.hidden, shape.width);
    }
  }
  ParameterList parameters;
  std::vector<at::Tensor> gradients;
};

LowRankOptions options(const Shape& shape) {
  LowRankOptions o;
  o.learning_rate = 1e-3;
  o.subspace.rank = shape.rank;
  o.subspace.interval = 0;
  return o;
}

void step(LowRankUpdate& update, const Model& model) {
  update.refresh(model.gradients);
  update.apply(model.gradients, 1e-3);
}

/// Median of steps that are all alike: `interval` 0 never refreshes, 1 always does.
double alike(const Model& model, LowRankOptions o, std::int64_t interval, int repeats) {
  o.subspace.interval = interval;
  LowRankUpdate update(model.parameters, o, false);
  step(update, model);
  std::vector<double> times;
  for (int i = 0; i < repeats; ++i) times.push_back(timed([&] { step(update, model); }));
  return median(times);
}

}  // namespace

int main(int count, char** arguments) {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2000 << 20);
  register_moment_rules();
  const std::string name = count > 1 ? arguments[1] : "tiny";
  if (count > 2) device = at::Device(arguments[2]);
  const Shape shape = kShapes.at(name);
  const Model model(shape);
  const LowRankOptions plain = options(shape);

  // The two products of a step alone: down into the subspace, and up into the weights.
  LowRankUpdate bases(model.parameters, plain, false);
  bases.refresh(model.gradients);
  std::vector<at::Tensor> projected;
  for (std::size_t k = 0; k < model.parameters.size(); ++k) {
    const Basis& basis = bases.matrices()[k].basis();
    const at::Tensor& g = model.gradients[k];
    projected.push_back(basis.side == ProjectedSide::left ? at::mm(basis.left.t(), g) : at::mm(g, basis.right));
  }
  const auto products = [&] {
    torch::NoGradGuard no_grad;
    for (std::size_t k = 0; k < projected.size(); ++k) {
      bases.matrices()[k].basis().project(model.gradients[k], projected[k], ProjectionPrecision::full);
      at::Tensor weight = model.parameters[k].tensor;
      bases.matrices()[k].basis().add_lifted(weight, projected[k], 1, 1e-9, ProjectionPrecision::full);
    }
  };
  // Ordinary steps and products in turns: the machine may be busy with other things.
  LowRankUpdate ordinary(model.parameters, plain, false);
  LowRankOptions half_options = plain;
  half_options.subspace.precision = ProjectionPrecision::bfloat16;
  LowRankUpdate half(model.parameters, half_options, false);
  step(ordinary, model);
  step(half, model);
  products();
  std::vector<double> product_times, ordinary_times, half_times;
  for (int i = 0; i < 9; ++i) {
    product_times.push_back(timed(products));
    ordinary_times.push_back(timed([&] { step(ordinary, model); }));
    half_times.push_back(timed([&] { step(half, model); }));
  }

  std::string refresh;
  for (const auto& [label, method, rank_only, moments] :
       {std::tuple("range_finder", BasisMethod::range_finder, true, MomentTransport::squared),
        {"range_finder_keep", BasisMethod::range_finder, true, MomentTransport::keep},
        {"randomized_svd", BasisMethod::randomized_svd, false, MomentTransport::squared},
        {"randomized_svd_p0", BasisMethod::randomized_svd, true, MomentTransport::squared}}) {
    LowRankOptions o = plain;
    o.subspace.method = method;
    o.subspace.moments = moments;
    if (rank_only) o.subspace.oversampling = o.subspace.power_iterations = 0;
    refresh += fmt::format("{}\"{}\": {:.4g}", refresh.empty() ? "" : ", ", label, alike(model, o, 1, 3));
  }

  // One matrix in every second step.
  std::string staggered;
  for (const BasisMethod method : {BasisMethod::range_finder, BasisMethod::randomized_svd}) {
    LowRankOptions o = plain;
    o.subspace.method = method;
    o.subspace.refresh_stagger = true;
    o.subspace.interval = static_cast<std::int64_t>(2 * model.parameters.size());
    LowRankUpdate update(model.parameters, o, false);
    step(update, model);
    // Lowest of three rounds for every step of the interval: what others on the machine disturb least.
    std::vector<double> times(static_cast<std::size_t>(o.subspace.interval), 1e300);
    for (int round = 0; round < 3; ++round)
      for (double& time : times) time = std::min(time, timed([&] { step(update, model); }));
    std::vector<double> sorted = times;
    std::sort(sorted.begin(), sorted.end());
    double mean = 0;
    for (const double time : times) mean += time / static_cast<double>(times.size());
    staggered += fmt::format("{}\"{}\": {{\"median\": {:.4g}, \"largest\": {:.4g}, \"mean\": {:.4g}}}",
                             staggered.empty() ? "" : ", ",
                             method == BasisMethod::range_finder ? "range_finder" : "randomized_svd",
                             sorted[sorted.size() / 2], sorted.back(), mean);
  }

  LowRankOptions eight = plain;
  eight.rule = config::Component<MomentRuleKind>("adam_8bit");
  LowRankOptions fira = plain;
  fira.residual = ResidualMode::fira;
  LowRankOptions raw = plain;
  raw.residual = ResidualMode::raw;
  fmt::print(
      "{{\"products\": {:.4g}, \"ordinary\": {:.4g}, \"bfloat16\": {:.4g}, \"refresh\": {{{}}}, \"staggered\": {{{}}}, "
      "\"adam_8bit\": {:.4g}, \"raw\": {:.4g}, \"fira\": {:.4g}, \"state_mb\": {:.5g}, \"state_mb_8bit\": {:.5g}, "
      "\"state_mb_paired\": {:.5g}}}\n",
      median(product_times), median(ordinary_times), median(half_times), refresh, staggered, alike(model, eight, 0, 3),
      alike(model, raw, 0, 3), alike(model, fira, 0, 3), static_cast<double>(ordinary.state_bytes()) / (1 << 20),
      static_cast<double>(LowRankUpdate(model.parameters, eight, false).state_bytes()) / (1 << 20),
      static_cast<double>(LowRankUpdate(model.parameters, plain, true).state_bytes()) / (1 << 20));
}
