#include "core/train/fit.h"

#include <fmt/format.h>

#include <cmath>

#include "core/config/converter.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "core/optimizer/run_plan.h"

namespace talweg {

void declare(config::Fields& f, FitOptions& o) {
  f("optimizer", o.optimizer, "how the models are trained");
  f("sampler", o.sampler, "which examples form a batch");
  f("epochs", o.epochs, "passes over the training examples of a model", config::above(0));
  f("batch_size", o.batch_size, "examples per step", config::at_least(1));
  f("micro_batch_size", o.micro_batch_size, "examples per forward and backward pass (default: the whole batch)",
    config::at_least(1));
}

void validate(const FitOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.micro_batch_size && *o.micro_batch_size > o.batch_size)
    diagnostics.error(where.where, "'micro_batch_size' is larger than 'batch_size'");
}

std::int64_t fit_steps(const FitOptions& options, std::int64_t dataset_size) {
  const auto sampler = options.sampler.create({dataset_size, options.batch_size, RandomStreams(0)});
  return static_cast<std::int64_t>(std::ceil(options.epochs * sampler->steps_per_epoch() - 1e-9));
}

nlohmann::json fit(Task& task, const FitOptions& options, const TaskContext& context,
                   const std::function<void(std::int64_t step)>& visit) {
  const data::Dataset& data = task.training_data();
  const auto sampler = options.sampler.create({data.size(), options.batch_size, context.streams});
  const std::int64_t steps = fit_steps(options, data.size());
  const auto optimizer = options.optimizer.create(trainable_parameters(task.module()));
  ObjectiveOptions how;
  how.micro_batch_size = options.micro_batch_size.value_or(0);
  if (context.dtype == at::kDouble) how.precision = Precision::float64;
  TaskObjective objective(task, how, context.streams, context.device);
  auto* aware = dynamic_cast<RunAware*>(optimizer.get());
  if (aware)
    aware->begin_run({.dataset_size = data.size(),
                      .batch_size = options.batch_size,
                      .steps = steps,
                      .steps_per_epoch = sampler->steps_per_epoch(),
                      .sampler = options.sampler.type(),
                      .streams = context.streams},
                     objective);
  std::vector<std::int64_t> indices;
  for (std::int64_t step = 0; step < steps; ++step) {
    sampler->sample(step, indices);
    objective.begin_step(step, data.batch(indices, step).to(context.device, false));
    if (optimizer->step(objective).status == StepStatus::skipped_non_finite)
      throw TrainingError(fmt::format("step {} of a model inside the task: {}", step + 1, objective.defect()));
    if (visit) visit(step + 1);
  }
  return aware ? aware->account() : nlohmann::json();
}

}  // namespace talweg
