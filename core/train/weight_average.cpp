#include "core/train/weight_average.h"

#include "core/libtorch.h"

namespace talweg {

WeightAverage::WeightAverage(ParameterList parameters, double decay)
    : parameters_(std::move(parameters)), decay_(decay) {
  torch::NoGradGuard no_grad;
  for (const NamedParameter& parameter : parameters_) {
    tensors_.push_back(parameter.tensor);
    average_.push_back(parameter.tensor.detach().clone());
  }
}

void WeightAverage::update() {
  torch::NoGradGuard no_grad;
  at::_foreach_lerp_(average_, tensors_, 1 - decay_);
}

WeightAverage::Scope::Scope(WeightAverage* average) : average_(average) {
  if (!average_) return;
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < average_->tensors_.size(); ++i) {
    current_.push_back(average_->tensors_[i].detach().clone());
    average_->tensors_[i].copy_(average_->average_[i]);
  }
}

WeightAverage::Scope::~Scope() {
  if (!average_) return;
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < current_.size(); ++i) average_->tensors_[i].copy_(current_[i]);
}

checkpoint::NamedTensors WeightAverage::state() const {
  checkpoint::NamedTensors state;
  for (std::size_t i = 0; i < average_.size(); ++i) state.emplace_back(parameters_[i].name, average_[i]);
  return state;
}

void WeightAverage::load(const checkpoint::NamedTensors& saved) {
  torch::NoGradGuard no_grad;
  const OptimizerState state{saved, {}};
  for (std::size_t i = 0; i < average_.size(); ++i) average_[i].copy_(state.require(parameters_[i].name, average_[i]));
}

}  // namespace talweg
