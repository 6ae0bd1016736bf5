// Steps of sharpness-aware optimizers on a small decoder (vocabulary 2048, width 256, 4 layers, batch 8 of 64 tokens),
// as bench/peers/sharpness.py. Prints JSON: processor milliseconds per step, medians of rounds in turns.
//
//   bench_sharpness [cpu|cuda] [WIDTH LAYERS HEADS VOCABULARY BATCH LENGTH]
#include <fmt/format.h>
#include <malloc.h>
#include <time.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "core/device/synchronize.h"
#include "core/libtorch.h"
#include "core/task_objective/task_objective.h"
#include "optim/adamw.h"
#include "optim/lorenza.h"
#include "optim/register.h"
#include "optim/sam.h"

namespace {

using namespace talweg;
namespace nn = torch::nn;

struct Sizes {
  std::int64_t width = 256, layers = 4, heads = 4, vocabulary = 2048, batch = 8, length = 64;
};

struct BlockImpl : nn::Module {
  BlockImpl(std::int64_t width, std::int64_t heads) : heads_(heads) {
    norm1_ = register_module("norm1", nn::LayerNorm(nn::LayerNormOptions({width})));
    norm2_ = register_module("norm2", nn::LayerNorm(nn::LayerNormOptions({width})));
    qkv_ = register_module("qkv", nn::Linear(width, 3 * width));
    out_ = register_module("out", nn::Linear(width, width));
    up_ = register_module("up", nn::Linear(width, 4 * width));
    down_ = register_module("down", nn::Linear(4 * width, width));
  }
  at::Tensor forward(const at::Tensor& x) {
    const std::int64_t n = x.size(0), t = x.size(1), width = x.size(2);
    const auto parts =
        qkv_->forward(norm1_->forward(x)).view({n, t, 3, heads_, width / heads_}).permute({2, 0, 3, 1, 4});
    const at::Tensor mixed = at::scaled_dot_product_attention(parts[0], parts[1], parts[2], {}, 0.0, true)
                                 .transpose(1, 2)
                                 .reshape({n, t, width});
    const at::Tensor h = x + out_->forward(mixed);
    return h + down_->forward(at::gelu(up_->forward(norm2_->forward(h))));
  }

 private:
  std::int64_t heads_;
  nn::LayerNorm norm1_{nullptr}, norm2_{nullptr};
  nn::Linear qkv_{nullptr}, out_{nullptr}, up_{nullptr}, down_{nullptr};
};
TORCH_MODULE(Block);

struct Decoder : nn::Module {
  explicit Decoder(const Sizes& s) {
    token = register_module("token", nn::Embedding(s.vocabulary, s.width));
    position = register_module("position", nn::Embedding(s.length, s.width));
    blocks = register_module("blocks", nn::Sequential());
    for (std::int64_t i = 0; i < s.layers; ++i) blocks->push_back(Block(s.width, s.heads));
    norm = register_module("norm", nn::LayerNorm(nn::LayerNormOptions({s.width})));
    head = register_module("head", nn::Linear(nn::LinearOptions(s.width, s.vocabulary).bias(false)));
  }
  nn::Embedding token{nullptr}, position{nullptr};
  nn::Sequential blocks{nullptr};
  nn::LayerNorm norm{nullptr};
  nn::Linear head{nullptr};
};

class NextToken : public Task {
 public:
  NextToken(const Sizes& sizes, at::Device device) : model_(std::make_shared<Decoder>(sizes)) {
    model_->to(device);
    tokens_ = at::randint(sizes.vocabulary, {sizes.batch, sizes.length + 1}, at::kLong).to(device);
    data_ = std::make_unique<data::TensorDataset>(std::vector<at::Tensor>{tokens_});
  }
  nn::Module& module() override { return *model_; }
  const data::Dataset& training_data() const override { return *data_; }
  at::Tensor loss(const data::Batch& batch) override {
    const at::Tensor& tokens = batch.tensors[0];
    const std::int64_t length = tokens.size(1) - 1;
    const at::Tensor x =
        model_->token->forward(tokens.narrow(1, 0, length)) + model_->position->weight.narrow(0, 0, length);
    const at::Tensor logits = model_->head->forward(model_->norm->forward(model_->blocks->forward(x)));
    return at::cross_entropy_loss(logits.flatten(0, 1), tokens.narrow(1, 1, length).flatten());
  }
  Metrics evaluate() override { return {}; }
  data::Batch batch() const { return {{tokens_}, tokens_.size(0)}; }

 private:
  std::shared_ptr<Decoder> model_;
  at::Tensor tokens_;
  std::unique_ptr<data::TensorDataset> data_;
};

double milliseconds(at::Device device) {
  talweg::synchronize(device);
  timespec time{};
  clock_gettime(!device.is_cpu() ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &time);
  return 1e3 * static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_nsec);
}

}  // namespace

int main(int count, char** arguments) {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2000 << 20);
  optim::register_components();
  const at::Device device(count > 1 ? arguments[1] : "cpu");
  Sizes sizes;
  std::int64_t* fields[] = {&sizes.width, &sizes.layers, &sizes.heads, &sizes.vocabulary, &sizes.batch, &sizes.length};
  for (int i = 2; i < count && i < 8; ++i) *fields[i - 2] = std::atoll(arguments[i]);

  torch::manual_seed(0);
  NextToken task(sizes, device);
  TaskObjective objective(task, {}, RandomStreams(0), device);
  const ParameterList parameters = trainable_parameters(task.module());
  const auto adazo = [&](double fraction, optim::Estimator estimator) {
    optim::AdazoSamOptions o;
    o.ascent.probe.probe_fraction = fraction;
    o.ascent.probe.estimator = estimator;
    return std::make_unique<optim::AdazoSam>(parameters, o);
  };
  optim::LorenzaOptions lorenza;
  lorenza.low_rank.subspace.rank = 32;
  lorenza.refresh_from = optim::RefreshFrom::previous;
  std::map<std::string, std::unique_ptr<Optimizer>> optimizers;
  optimizers["adamw"] = std::make_unique<optim::AdamW>(parameters, optim::AdamWOptions{});
  optimizers["sam"] = std::make_unique<optim::Sam>(parameters, optim::SamOptions{});
  optimizers["adazo_sam"] = adazo(1, optim::Estimator::central);
  optimizers["adazo_sam_half"] = adazo(0.5, optim::Estimator::central);
  optimizers["adazo_sam_quarter"] = adazo(0.25, optim::Estimator::central);
  optimizers["lorenza"] = std::make_unique<optim::Lorenza>(parameters, lorenza);
  std::map<std::string, std::vector<double>> times;
  for (int round = -1; round < 9; ++round)
    for (auto& [name, optimizer] : optimizers) {
      objective.begin_step(round + 1, task.batch());
      const double begin = milliseconds(device);
      optimizer->step(objective);
      if (round >= 0) times[name].push_back(milliseconds(device) - begin);
    }
  std::string text;
  for (auto& [name, list] : times) {
    std::sort(list.begin(), list.end());
    text += fmt::format("{}\"{}\": {:.5g}", text.empty() ? "" : ", ", name, list[list.size() / 2]);
  }
  fmt::print("{{{}}}\n", text);
}
