// Time and memory of a private step over a plain one, on the networks of bench/peers/dp_sgd.py. Prints JSON.
//
//   bench_dp_sgd MODEL BATCH HOW [STEPS]     MODEL: mlp, cnn, transformer
//                                            HOW: sgd, ghost, materialise, loop
// One process per measurement, so that peaks of memory do not mix. As in the peers the batch is fixed, and the noise
// multiplier can be set to 0 with TALWEG_BENCH_NOISE=0: `first_update_norm` is then the peers'.
#include <fmt/format.h>
#include <malloc.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/modules/pooling.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "core/device/process_memory.h"
#include "core/libtorch.h"
#include "core/task/capabilities.h"
#include "core/task_objective/task_objective.h"
#include "optim/dp_sgd.h"

namespace {

using namespace talweg;
namespace nn = torch::nn;

struct ModelImpl : nn::Module {
  virtual at::Tensor forward(const at::Tensor& x) = 0;
};

struct Mlp : ModelImpl {
  nn::Sequential layers = register_module(
      "layers", nn::Sequential(nn::Linear(64, 256), nn::ReLU(), nn::Linear(256, 256), nn::ReLU(), nn::Linear(256, 10)));
  at::Tensor forward(const at::Tensor& x) override { return layers->forward(x); }
};

struct Cnn : ModelImpl {
  nn::Sequential layers =
      register_module("layers", nn::Sequential(nn::Conv2d(nn::Conv2dOptions(1, 16, 8).stride(2).padding(3)), nn::ReLU(),
                                               nn::MaxPool2d(nn::MaxPool2dOptions(2).stride(1)),
                                               nn::Conv2d(nn::Conv2dOptions(16, 32, 4).stride(2)), nn::ReLU(),
                                               nn::MaxPool2d(nn::MaxPool2dOptions(2).stride(1)), nn::Flatten(),
                                               nn::Linear(32 * 4 * 4, 32), nn::ReLU(), nn::Linear(32, 10)));
  at::Tensor forward(const at::Tensor& x) override { return layers->forward(x); }
};

constexpr std::int64_t kHidden = 128, kHeads = 4, kSequence = 64, kVocabulary = 1000;

struct BlockImpl : nn::Module {
  nn::LayerNorm norm1 = register_module("norm1", nn::LayerNorm(nn::LayerNormOptions({kHidden})));
  nn::LayerNorm norm2 = register_module("norm2", nn::LayerNorm(nn::LayerNormOptions({kHidden})));
  nn::Linear qkv = register_module("qkv", nn::Linear(kHidden, 3 * kHidden));
  nn::Linear out = register_module("out", nn::Linear(kHidden, kHidden));
  nn::Linear up = register_module("up", nn::Linear(kHidden, 4 * kHidden));
  nn::Linear down = register_module("down", nn::Linear(4 * kHidden, kHidden));
  at::Tensor forward(const at::Tensor& x) {
    const std::int64_t n = x.size(0), t = x.size(1);
    const auto heads =
        qkv->forward(norm1->forward(x)).view({n, t, 3, kHeads, kHidden / kHeads}).permute({2, 0, 3, 1, 4});
    const at::Tensor mixed = at::scaled_dot_product_attention(heads[0], heads[1], heads[2], {}, 0.0, true)
                                 .transpose(1, 2)
                                 .reshape({n, t, kHidden});
    const at::Tensor h = x + out->forward(mixed);
    return h + down->forward(at::gelu(up->forward(norm2->forward(h))));
  }
};
TORCH_MODULE(Block);

struct Transformer : ModelImpl {
  nn::Embedding token = register_module("token", nn::Embedding(kVocabulary, kHidden));
  nn::Sequential blocks = register_module("blocks", nn::Sequential(Block(), Block()));
  nn::Linear head = register_module("head", nn::Linear(kHidden, 10));
  at::Tensor forward(const at::Tensor& x) override { return head->forward(blocks->forward(token->forward(x)).mean(1)); }
};

/// One fixed batch of one of the networks.
class BenchTask : public Task, public PerExampleLosses {
 public:
  BenchTask(const std::string& model, std::int64_t batch) {
    at::Tensor inputs;
    if (model == "mlp") {
      model_ = std::make_shared<Mlp>();
      inputs = at::randn({batch, 64});
    } else if (model == "cnn") {
      model_ = std::make_shared<Cnn>();
      inputs = at::randn({batch, 1, 28, 28});
    } else {
      model_ = std::make_shared<Transformer>();
      inputs = at::randint(kVocabulary, {batch, kSequence}, at::kLong);
    }
    data_ = std::make_unique<data::TensorDataset>(std::vector<at::Tensor>{inputs, at::randint(10, {batch}, at::kLong)});
  }
  nn::Module& module() override { return *model_; }
  const data::Dataset& training_data() const override { return *data_; }
  data::Batch batch() const { return data_->all(); }
  at::Tensor loss(const data::Batch& batch) override {
    return at::cross_entropy_loss(model_->forward(batch.tensors[0]), batch.tensors[1]);
  }
  at::Tensor example_losses(const data::Batch& batch) override {
    return at::cross_entropy_loss(model_->forward(batch.tensors[0]), batch.tensors[1], {}, at::Reduction::None);
  }
  Metrics evaluate() override { return {}; }

 private:
  std::shared_ptr<ModelImpl> model_;
  std::unique_ptr<data::TensorDataset> data_;
};

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: bench_dp_sgd mlp|cnn|transformer BATCH sgd|ghost|materialise|loop [STEPS]\n");
    return 2;
  }
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2000 << 20);
  const std::string model = argv[1], how = argv[3];
  const std::int64_t batch = std::atol(argv[2]);
  const int steps = argc > 4 ? std::atoi(argv[4]) : 20;
  const char* noise = std::getenv("TALWEG_BENCH_NOISE");

  torch::manual_seed(1);
  BenchTask task(model, batch);
  const ParameterList parameters = trainable_parameters(task.module());
  TaskObjective objective(task, {}, RandomStreams(1), at::kCPU);
  std::unique_ptr<Optimizer> optimizer;
  if (how == "sgd") {
    optim::SgdOptions options;
    options.learning_rate = 0.05;
    optimizer = std::make_unique<optim::Sgd>(parameters, options);
  } else {
    optim::DpSgdOptions options;
    options.privacy.noise_multiplier = noise ? std::atof(noise) : 1;
    options.update.learning_rate = 0.05;
    for (const auto& [name, backend] : gradient::choices(gradient::Backend()))
      if (name == how) options.privacy.backend = backend;
    auto made = std::make_unique<optim::DpSgd>(parameters, options);
    RunPlan plan;
    plan.dataset_size = 20 * batch;
    plan.batch_size = batch;
    plan.steps = steps;
    plan.steps_per_epoch = 20;
    plan.sampling = Sampling::poisson;
    made->begin_run(plan, objective);
    optimizer = std::move(made);
  }

  const double base = status_mebibytes("VmHWM");
  std::vector<at::Tensor> before;
  for (const NamedParameter& p : parameters) before.push_back(p.tensor.detach().clone());
  std::vector<double> wall, processor;
  double update = 0;
  constexpr int warmup = 3;
  for (int step = 0; step < warmup + steps; ++step) {
    objective.begin_step(step, task.batch());
    const double cpu = processor_seconds();
    const auto begin = std::chrono::steady_clock::now();
    optimizer->step(objective);
    if (step >= warmup) {
      wall.push_back(1e3 * std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
      processor.push_back(1e3 * (processor_seconds() - cpu));
    }
    if (step == 0) {
      for (std::size_t i = 0; i < before.size(); ++i)
        update += (parameters[i].tensor.detach() - before[i]).square().sum().item<double>();
      before.clear();
    }
  }
  std::sort(wall.begin(), wall.end());
  std::sort(processor.begin(), processor.end());
  const nlohmann::ordered_json result = {{"peer", "talweg-" + how},
                                         {"model", model},
                                         {"batch", batch},
                                         {"ms_per_step_min", wall.front()},
                                         {"ms_per_step_median", wall[wall.size() / 2]},
                                         {"cpu_ms_per_step_min", processor.front()},
                                         {"cpu_ms_per_step_median", processor[processor.size() / 2]},
                                         {"peak_mem_mb", status_mebibytes("VmHWM")},
                                         {"base_mem_mb", base},
                                         {"first_update_norm", std::sqrt(update)}};
  fmt::print("{}\n", result.dump());
}
