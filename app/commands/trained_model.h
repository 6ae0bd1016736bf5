#pragma once

#include <filesystem>
#include <memory>

#include "app/invocation.h"
#include "core/train/run_config.h"
#include "tasks/language_modeling/language_modeling.h"

namespace talweg::app {

/// The value of an option of this command, or `otherwise`.
std::string value_of(const Invocation& invocation, const std::string& option, const std::string& otherwise = "");

/// The task of a run with the weights of a checkpoint, in evaluation mode.
struct TrainedTask {
  RunConfig config;
  std::unique_ptr<Task> task;
  std::int64_t step;

  /// The task as one of language modeling. Throws UsageError when it is another.
  tasks::LanguageModeling& language_model() const;
};

/// Builds the task of a run again and fills its model from the newest or the best checkpoint (`which`: "last", "best").
/// Throws UsageError when the folder is no run, DataError when there is no whole checkpoint.
TrainedTask load_trained_task(const std::filesystem::path& run, const std::string& which, const std::string& device);

}  // namespace talweg::app
