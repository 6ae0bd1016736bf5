#include "app/commands/trained_model.h"

#include <fmt/format.h>

#include "core/checkpoint/checkpoint.h"
#include "core/device/resolve_device.h"
#include "core/error.h"
#include "core/files/compose.h"
#include "core/kinds/run_recipe.h"
#include "core/libtorch.h"
#include "core/run/run_directory.h"
#include "core/task/describes_data.h"
#include "core/task/module_state.h"

namespace talweg::app {

namespace fs = std::filesystem;

std::string value_of(const Invocation& invocation, const std::string& option, const std::string& otherwise) {
  for (const auto& [name, value] : invocation.values)
    if (name == option) return value;
  return otherwise;
}

tasks::LanguageModeling& TrainedTask::language_model() const {
  if (auto* model = dynamic_cast<tasks::LanguageModeling*>(task.get())) return *model;
  throw UsageError(fmt::format("the run is one of the task '{}', not of language_modeling", config.task.type()));
}

TrainedTask load_trained_task(const fs::path& run, const std::string& which, const std::string& device) {
  std::error_code error;
  if (!fs::exists(run / "config.yaml", error))
    throw UsageError(fmt::format("'{}' is not a run directory (it has no config.yaml)", run.string()));
  if (which != "last" && which != "best")
    throw UsageError(fmt::format("--checkpoint takes 'last' or 'best', not '{}'", which));
  TrainedTask trained;
  trained.config = parse_training(config::load((run / "config.yaml").string()));
  const checkpoint::CheckpointFolder folder(run / "checkpoints", which == "last" ? "step" : "best");
  const auto saved = folder.load_newest([](const std::string& text) { fmt::print(stderr, "talweg: {}\n", text); });
  if (!saved) throw DataError(fmt::format("'{}' has no whole checkpoint", run.string()));
  const RandomStreams streams(static_cast<std::uint64_t>(trained.config.seed));
  trained.task = trained.config.task.create(TaskContext{resolve_device(device), at::kFloat, streams});
  trained.step = saved->step;
  if (const auto* describes = dynamic_cast<const DescribesData*>(trained.task.get()))
    if (const auto data = saved->values.find("data"); data != saved->values.end())
      require_same_meaning(data->second, describes->data_description());
  load_weights(*trained.task, *saved);
  trained.task->module().eval();
  return trained;
}

}  // namespace talweg::app
