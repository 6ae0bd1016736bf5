#include <fmt/format.h>

#include "app/commands/commands.h"
#include "core/error.h"
#include "core/files/compose.h"
#include "core/files/sweep.h"
#include "core/kinds/run_recipe.h"
#include "core/libtorch.h"
#include "core/task/step_size_theory.h"
#include "core/task_objective/task_objective.h"

namespace talweg::app {

int theory(const Invocation& invocation) {
  const config::Value root = config::load(invocation.arguments.front(), invocation.assignments);
  for (const config::SweepPoint& point : config::expand_sweep(root)) {
    const auto config = parse_training(point.config);
    const TaskContext context{at::kCPU, storage_type(config.training.precision),
                              RandomStreams(static_cast<std::uint64_t>(config.seed))};
    const std::unique_ptr<Task> task = config.task.create(context);
    const auto* known = dynamic_cast<const StepSizeTheory*>(task.get());
    if (!known)
      throw ConfigError(
          "task: there is no theory of its step size; 'deep_matrix_factorization' and 'comparison_factorization' have "
          "one");
    const auto optimizer = config.optimizer.create(trainable_parameters(task->module()));
    const std::string label = point.label();
    fmt::print("{}{}{}\n{}", config.name, label.empty() ? "" : " ", label,
               known->theory(optimizer->param_groups().front().options().get_lr()));
  }
  return 0;
}

}  // namespace talweg::app
