#include "optim/subspace/adam_8bit_rule.h"

#include <cmath>

#include "core/libtorch.h"
#include "core/optimizer/saved_count.h"

namespace talweg::optim {

void declare(config::Fields& f, Adam8bitRuleOptions& o) {
  declare(f, o.adam);
  f("block", o.block, "entries that share a scale", config::at_least(16), config::at_most(65536));
  f("smallest", o.smallest, "tensors with fewer entries keep moments of full precision", config::at_least(0));
}

void Adam8bitRule::add(const std::string& name, const at::Tensor& like) {
  Memory memory{name, {}, {}, full_count_};
  if (like.numel() < options_.smallest) {
    full_.add(name, like);
    ++full_count_;
  } else {
    memory.first.emplace(like, QuantizationCode::with_sign, options_.block);
    memory.second.emplace(like, QuantizationCode::non_negative, options_.block);
  }
  memories_.push_back(std::move(memory));
  if (!step_count_.defined()) step_count_ = at::zeros({}, like.options().dtype(at::kFloat).requires_grad(false));
}

void Adam8bitRule::advance() {
  ++steps_;
  full_.advance();
  if (step_count_.defined()) step_count_.fill_(static_cast<double>(steps_));
}

void Adam8bitRule::step(Memory& memory, const at::Tensor& parameter, const at::Tensor& gradient, double learning_rate,
                        double weight_decay) {
  at::Tensor first = memory.first->read(), second = memory.second->read();
  at::_fused_adamw_({parameter}, {gradient.contiguous()}, {first}, {second}, {}, {step_count_}, learning_rate,
                    options_.adam.beta1, options_.adam.beta2, weight_decay, options_.adam.epsilon, /*amsgrad=*/false,
                    /*maximize=*/false);
  memory.first->write(first);
  memory.second->write(second);
}

void Adam8bitRule::negative_direction(std::size_t index, const at::Tensor& gradient, at::Tensor& direction) {
  Memory& memory = memories_[index];
  if (!memory.first) return full_.negative_direction(memory.full, gradient, direction);
  direction.zero_();
  step(memory, direction, gradient, 1, 0);
}

void Adam8bitRule::update(const std::vector<std::size_t>& indices, const std::vector<at::Tensor>& parameters,
                          const std::vector<at::Tensor>& gradients, double learning_rate, double weight_decay) {
  std::vector<std::size_t> full;
  std::vector<at::Tensor> full_parameters, full_gradients;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    Memory& memory = memories_[indices[i]];
    if (memory.first) {
      step(memory, parameters[i], gradients[i], learning_rate, weight_decay);
    } else {
      full.push_back(memory.full);
      full_parameters.push_back(parameters[i]);
      full_gradients.push_back(gradients[i]);
    }
  }
  full_.update(full, full_parameters, full_gradients, learning_rate, weight_decay);
}

void Adam8bitRule::transport(std::size_t index, const BasisChange& change) {
  Memory& memory = memories_[index];
  if (!memory.first) return full_.transport(memory.full, change);
  at::Tensor first = memory.first->read(), second = memory.second->read();
  const auto steps = static_cast<double>(steps_);
  transport_moments(first, second, change, 1 - std::pow(options_.adam.beta1, steps),
                    1 - std::pow(options_.adam.beta2, steps));
  memory.first->write(first);
  memory.second->write(second);
}

void Adam8bitRule::save(OptimizerState& state) const {
  full_.save(state);
  for (const Memory& memory : memories_) {
    if (!memory.first) continue;
    state.tensors.emplace_back("first_moment_bytes/" + memory.name, memory.first->bytes);
    state.tensors.emplace_back("first_moment_scales/" + memory.name, memory.first->scales);
    state.tensors.emplace_back("second_moment_bytes/" + memory.name, memory.second->bytes);
    state.tensors.emplace_back("second_moment_scales/" + memory.name, memory.second->scales);
  }
}

void Adam8bitRule::load(const OptimizerState& state) {
  full_.load(state);
  for (Memory& memory : memories_) {
    if (!memory.first) continue;
    const auto read = [&](const std::string& name, at::Tensor& tensor) {
      tensor.copy_(state.require(name + "/" + memory.name, tensor));
    };
    read("first_moment_bytes", memory.first->bytes);
    read("first_moment_scales", memory.first->scales);
    read("second_moment_bytes", memory.second->bytes);
    read("second_moment_scales", memory.second->scales);
  }
  steps_ = saved_steps(state);
  if (step_count_.defined()) step_count_.fill_(static_cast<double>(steps_));
}

}  // namespace talweg::optim
