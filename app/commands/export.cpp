#include <fmt/format.h>

#include "app/commands/commands.h"
#include "app/commands/trained_model.h"
#include "core/error.h"
#include "core/task/capabilities.h"

namespace talweg::app {

namespace fs = std::filesystem;

namespace {

/// The type that --dtype names; nothing for the model's own.
std::optional<at::ScalarType> number_type(const std::string& name) {
  if (name.empty() || name == "own") return std::nullopt;
  if (name == "float32") return at::kFloat;
  if (name == "bfloat16") return at::kBFloat16;
  if (name == "float16") return at::kHalf;
  throw UsageError(fmt::format("--dtype takes float32, bfloat16, float16 or own, not '{}'", name));
}

}  // namespace

int export_model(const Invocation& invocation) {
  const std::string format = value_of(invocation, "format", "huggingface");
  if (format != "huggingface" && format != "peft")
    throw UsageError(fmt::format("--format takes huggingface or peft, not '{}'", format));
  const std::optional<at::ScalarType> type = number_type(value_of(invocation, "dtype"));
  if (type && format == "peft") throw UsageError("--dtype is for whole models; adapters are written as they are");
  TrainedTask trained =
      load_trained_task(invocation.arguments.at(0), value_of(invocation, "checkpoint", "last"), "cpu");
  const fs::path folder = invocation.arguments.at(1);
  auto* exported = dynamic_cast<ModelExport*>(trained.task.get());
  if (!exported)
    throw UsageError(
        fmt::format("models of the task '{}' have no layout that other libraries open; its checkpoints are "
                    "safetensors",
                    trained.config.task.type()));
  if (format == "peft")
    trained.language_model().write_adapters(folder);
  else
    exported->write_model(folder, type);
  if (!invocation.quiet) fmt::print("{}: the model after step {}\n", folder.string(), trained.step);
  return 0;
}

}  // namespace talweg::app
