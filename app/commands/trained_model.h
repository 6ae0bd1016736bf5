#pragma once

#include <filesystem>
#include <memory>

#include "app/invocation.h"
#include "core/train/run_config.h"
#include "tasks/language_modeling/language_modeling.h"

namespace talweg::app {

/// The value of an option of this command, or `otherwise`.
std::string value_of(const Invocation& invocation, const std::string& option, const std::string& otherwise = "");

/// A language model of a run with the weights of a checkpoint.
struct TrainedModel {
  RunConfig config;
  std::unique_ptr<Task> owner;
  tasks::LanguageModeling* task;  ///< the owner
  std::int64_t step;
};

/// Builds the task of a run again and fills its model from the newest or the best checkpoint (`which`: "last", "best").
/// Throws UsageError when the folder is no run of language modeling, DataError when there is no whole checkpoint.
TrainedModel load_trained_model(const std::filesystem::path& run, const std::string& which, const std::string& device);

}  // namespace talweg::app
