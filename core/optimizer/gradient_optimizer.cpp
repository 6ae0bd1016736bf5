#include "core/optimizer/gradient_optimizer.h"

#include "core/libtorch.h"
#include "core/optimizer/saved_count.h"

namespace talweg {

at::TensorList ParameterGroup::memory(Memory name) const {
  return name.index_ == Memory::kNone ? at::TensorList() : at::TensorList(memories_[name.index_]);
}

GradientOptimizer::GradientOptimizer(ParameterList parameters, double learning_rate, double weight_decay,
                                     std::vector<GroupOptions> groups)
    : Optimizer(std::move(parameters), learning_rate),
      weight_decay_(weight_decay),
      group_options_(std::move(groups)),
      group_of_(assign_groups(named_parameters(), group_options_)) {
  arrange(std::vector<bool>(tensors().size(), true));
}

void GradientOptimizer::arrange(const std::vector<bool>& kept) {
  places_.clear();
  groups_.assign(group_options_.size() + 1, ParameterGroup());
  groups_.back().weight_decay = weight_decay_;
  for (std::size_t g = 0; g < group_options_.size(); ++g) {
    groups_[g].factor_ = group_options_[g].learning_rate_factor;
    groups_[g].weight_decay = group_options_[g].weight_decay.value_or(weight_decay_);
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (!kept[i]) continue;
    ParameterGroup& group = groups_[group_of_[i]];
    places_.push_back({i, group_of_[i], group.parameters.size()});
    group.places_.push_back(i);
    group.parameters.push_back(tensors()[i]);
  }
}

Memory GradientOptimizer::remember(const std::string& name) {
  memories_.push_back(name);
  for (ParameterGroup& group : groups_) add_memory(group);
  return Memory(memories_.size() - 1);
}

void GradientOptimizer::add_memory(ParameterGroup& group) const {
  std::vector<at::Tensor>& memory = group.memories_.emplace_back();
  for (const at::Tensor& parameter : group.parameters)
    memory.push_back(at::zeros_like(parameter, at::MemoryFormat::Preserve));
}

void GradientOptimizer::count_steps() {
  // The kernels want it where their parameters are.
  step_count_ = at::zeros({}, tensors().front().options().dtype(at::kFloat).requires_grad(false));
  make_step_counts();
}

void GradientOptimizer::make_step_counts() {
  for (ParameterGroup& group : groups_) group.step_counts.assign(group.parameters.size(), step_count_);
}

void GradientOptimizer::keep_state_of(const std::vector<bool>& kept) {
  arrange(kept);
  for (ParameterGroup& group : groups_)
    for (std::size_t i = 0; i < memories_.size(); ++i) add_memory(group);
  if (step_count_.defined()) make_step_counts();
}

StepReport GradientOptimizer::step(Objective& objective) {
  StepReport report = report_of(objective.gradient(), learning_rate());
  if (report.was_skipped()) return report;
  torch::NoGradGuard no_grad;
  const std::vector<at::Tensor>& all = gradients();
  prepare(all);
  if (step_count_.defined()) step_count_.fill_(static_cast<double>(++steps_));
  for (ParameterGroup& group : groups_) {
    if (group.parameters.empty()) continue;
    group.learning_rate = group.factor_ * learning_rate();
    group.gradients.clear();
    for (const std::size_t place : group.places_) group.gradients.push_back(all[place]);
    update(group);
    group.gradients.clear();
  }
  return report;
}

void GradientOptimizer::prepare(const std::vector<at::Tensor>&) {}

std::string GradientOptimizer::state_name(std::size_t memory, const Place& place) const {
  return memories_[memory] + "/" + named_parameters()[place.parameter].name;
}

OptimizerState GradientOptimizer::state_dict() const {
  OptimizerState state;
  for (const Place& place : places_)
    for (std::size_t i = 0; i < memories_.size(); ++i)
      state.tensors.emplace_back(state_name(i, place), groups_[place.group].memories_[i][place.index]);
  if (step_count_.defined()) state.values["steps"] = steps_;
  return state;
}

void GradientOptimizer::load_state_dict(const OptimizerState& state) {
  torch::NoGradGuard no_grad;
  for (const Place& place : places_)
    for (std::size_t i = 0; i < memories_.size(); ++i) {
      const at::Tensor& memory = groups_[place.group].memories_[i][place.index];
      memory.copy_(state.require(state_name(i, place), memory));
    }
  if (!step_count_.defined()) return;
  steps_ = saved_steps(state);
  step_count_.fill_(static_cast<double>(steps_));
}

}  // namespace talweg
