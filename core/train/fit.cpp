#include "core/train/fit.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "core/config/converter.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "core/task/module_state.h"
#include "core/task/projected_parameters.h"

namespace talweg {
namespace {

ObjectiveOptions objective_options(const FitOptions& options, const TaskContext& context) {
  ObjectiveOptions how;
  how.micro_batch_size = options.micro_batch_size.value_or(0);
  if (context.dtype == at::kDouble) how.precision = Precision::float64;
  return how;
}

std::int64_t steps_of(const FitOptions& options, const data::Sampler& sampler) {
  return static_cast<std::int64_t>(std::ceil(options.epochs * sampler.steps_per_epoch() - 1e-9));
}

}  // namespace

void declare(config::Fields& f, FitOptions& o) {
  f("optimizer", o.optimizer, "how the models are trained");
  f("sampler", o.sampler, kSamplerChoice);
  f("epochs", o.epochs, "passes over the training examples of a model", config::above(0));
  f("batch_size", o.batch_size, "examples per step", config::at_least(1));
  f("micro_batch_size", o.micro_batch_size, "examples per forward and backward pass (default: the whole batch)",
    config::at_least(1));
}

void validate(const FitOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.micro_batch_size && *o.micro_batch_size > o.batch_size)
    diagnostics.error(where.where, "'micro_batch_size' is larger than 'batch_size'");
}

std::int64_t fit_steps(const FitOptions& options, std::int64_t examples) {
  const data::TensorDataset sized({at::empty({examples, 0})});
  return steps_of(options, *make_sampler(options.sampler, {sized, options.batch_size, RandomStreams(0)}));
}

Fit::Fit(Task& task, const FitOptions& options, const TaskContext& context)
    : task_(task),
      device_(context.device),
      sampler_(make_sampler(options.sampler, task, {task.training_data(), options.batch_size, context.streams})),
      steps_(steps_of(options, *sampler_)),
      optimizer_(options.optimizer.create(trainable_parameters(task.module()))),
      objective_(task, objective_options(options, context), context.streams, context.device),
      run_aware_(dynamic_cast<RunAware*>(optimizer_.get())) {
  if (run_aware_)
    run_aware_->begin_run({.dataset_size = task.training_data().size(),
                           .batch_size = options.batch_size,
                           .steps = steps_,
                           .steps_per_epoch = sampler_->steps_per_epoch(),
                           .sampling = sampler_->sampling(),
                           .streams = context.streams},
                          objective_);
}

void Fit::step(std::int64_t index) {
  sampler_->sample(index, indices_);
  objective_.begin_step(index, task_.training_data().batch(indices_, index).to(device_));
  if (optimizer_->step(objective_).status == StepStatus::skipped_non_finite)
    throw TrainingError(fmt::format("step {} of a model inside the run: {}", index + 1, objective_.defect()));
  if (auto* projected = dynamic_cast<ProjectedParameters*>(&task_)) projected->project();
}

nlohmann::json Fit::account() const {
  return run_aware_ ? run_aware_->account() : nlohmann::json();
}

checkpoint::State Fit::state() const {
  OptimizerState optimizer = optimizer_->state_dict();
  checkpoint::State state;
  state.add("model", checkpoint::State{module_tensors(task_.module())});
  state.add("optimizer", checkpoint::State{std::move(optimizer.tensors), std::move(optimizer.values)});
  return state;
}

void Fit::load(const checkpoint::State& state) {
  load_module(task_.module(), state.part("model").tensors);
  checkpoint::State optimizer = state.part("optimizer");
  optimizer_->load_state_dict({std::move(optimizer.tensors), std::move(optimizer.values)});
}

nlohmann::json fit(Task& task, const FitOptions& options, const TaskContext& context,
                   const std::function<void(std::int64_t step)>& visit) {
  Fit training(task, options, context);
  for (std::int64_t step = 0; step < training.steps(); ++step) {
    training.step(step);
    if (visit) visit(step + 1);
  }
  return training.account();
}

}  // namespace talweg
