#pragma once

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>

#include <memory>
#include <vector>

#include "core/data/dataset.h"
#include "core/libtorch.h"
#include "core/task/task.h"

namespace talweg {

/// A small model with everything that could leak between evaluations: dropout and batch normalisation.
class NoisyModule : public torch::nn::Module {
 public:
  NoisyModule() {
    linear = register_module("linear", torch::nn::Linear(4, 3));
    norm = register_module("norm", torch::nn::BatchNorm1d(3));
  }
  torch::nn::Linear linear{nullptr};
  torch::nn::BatchNorm1d norm{nullptr};
};

class NoisyTask : public Task {
 public:
  NoisyTask() {
    torch::manual_seed(1);
    module_ = std::make_shared<NoisyModule>();
    module_->to(at::kDouble);
    inputs = at::randn({12, 4}, at::kDouble);
    data_ = std::make_unique<data::TensorDataset>(std::vector<at::Tensor>{inputs});
  }
  torch::nn::Module& module() override { return *module_; }
  const data::Dataset& training_data() const override { return *data_; }
  at::Tensor loss(const data::Batch& batch) override {
    const at::Tensor x = module_->linear->forward(batch.tensors[0]);
    const at::Tensor y = use_norm ? module_->norm->forward(x) : x;
    return (use_dropout ? torch::dropout(y, 0.3, module_->is_training()) : y).sub(1).pow(4).mean();
  }
  Metrics evaluate() override { return {}; }
  at::Tensor inputs;
  bool use_norm = true, use_dropout = true;
  std::shared_ptr<NoisyModule> module_;

 private:
  std::unique_ptr<data::TensorDataset> data_;
};

}  // namespace talweg
