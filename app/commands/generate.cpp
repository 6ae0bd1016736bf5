#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <iterator>

#include "app/commands/commands.h"
#include "app/commands/trained_model.h"
#include "core/device/resolve_device.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "core/metrics/progress_line.h"
#include "core/tokenizer/chat_template.h"
#include "tasks/language_modeling/text_generation.h"
#include "tasks/pretrained/language_model_files.h"
#include "tasks/pretrained/tokenizer_files.h"

namespace talweg::app {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double number_of(const Invocation& invocation, const char* option, double otherwise, double least, double most) {
  const std::string text = value_of(invocation, option);
  if (text.empty()) return otherwise;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (*end != '\0' || !(value >= least && value <= most))
    throw UsageError(fmt::format("--{} takes a number from {} to {}, not '{}'", option, least, most, text));
  return value;
}

/// --device and --seed arrive as assignments to a configuration.
std::string assigned(const Invocation& invocation, const std::string& key, const std::string& otherwise) {
  for (const std::string& assignment : invocation.assignments)
    if (assignment.starts_with(key + "=")) return assignment.substr(key.size() + 1);
  return otherwise;
}

std::string prompt_of(const Invocation& invocation) {
  const std::string prompt = value_of(invocation, "prompt");
  if (prompt.empty() == value_of(invocation, "chat").empty())
    throw UsageError("'talweg generate' needs either --prompt or --chat");
  if (prompt == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  return prompt;
}

struct Speaker {
  std::unique_ptr<Task> owner;  // of the model, when it comes from a run
  std::shared_ptr<models::LanguageModel> model;
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer;
  tasks::WritableIds writable;
  std::optional<std::string> system;  // of the conversations it was trained on
  fs::path source;                    // of its tokenizer, and of its chat template
};

Speaker speaker_of(const Invocation& invocation, const std::string& device) {
  const fs::path path = invocation.arguments.front();
  if (fs::exists(path / "checkpoints")) {
    TrainedTask trained = load_trained_task(path, value_of(invocation, "checkpoint", "last"), device);
    const tasks::LanguageModeling& task = trained.language_model();
    return {std::move(trained.task), task.shared_model(), task.shared_tokenizer(),
            task.writable(),         task.chat_system(),  task.tokenizer_source()};
  }
  tasks::PretrainedLanguageModel pretrained = tasks::read_language_model(path);
  pretrained.model->to(resolve_device(device));
  tasks::WritableIds writable = tasks::writable_ids(*pretrained.tokenizer);
  return {nullptr, pretrained.model, pretrained.tokenizer, std::move(writable), std::nullopt, path};
}

/// The ids that are continued. A question ends where the template's turn does, too.
tokenizer::Ids ids_to_continue(Speaker& speaker, const std::string& prompt, const std::string& question) {
  if (question.empty()) return tokenizer::encode_prompt(*speaker.tokenizer, prompt);
  const std::string jinja = tasks::chat_template_of(speaker.source);
  std::string system = speaker.system.value_or("");
  if (!speaker.system && !jinja.empty()) system = tokenizer::system_of_template(jinja);
  speaker.writable.ends.push_back(tokenizer::chat_end(*speaker.tokenizer));
  return tokenizer::encode_chat(*speaker.tokenizer, question, system);
}

/// Puts the weights into the form that --weights asks for.
void hold_weights(models::LanguageModel& model, const std::string& weights, const fs::path& path) {
  if (weights == "blocks") {
    if (!tasks::is_gguf(path)) throw UsageError("--weights blocks is for GGUF files, whose blocks it multiplies by");
    if (!model.device().is_cpu()) throw UsageError("--weights blocks runs on the CPU; use --device cpu or bfloat16");
    model.pack(tasks::block_packing(path));
  } else if (weights == "bfloat16") {
    models::merge_adapters(model);
    if (!model.device().is_cpu()) return void(model.to(at::kBFloat16));
    model.pack(
        [](const std::string&, const at::Tensor& weight) { return std::make_shared<models::PackedMatrix>(weight); });
  }
}

}  // namespace

int generate(const Invocation& invocation) {
  tasks::SamplingOptions sampling;
  sampling.max_tokens = static_cast<std::int64_t>(number_of(invocation, "max-tokens", 128, 1, 1e9));
  sampling.temperature = number_of(invocation, "temperature", 0, 0, 100);
  sampling.top_p = number_of(invocation, "top-p", 1, 1e-9, 1);
  const std::string weights = value_of(invocation, "weights", "float32");
  if (weights != "float32" && weights != "bfloat16" && weights != "blocks")
    throw UsageError(fmt::format("--weights takes float32, bfloat16 or blocks, not '{}'", weights));
  const auto seed = std::strtoull(assigned(invocation, "seed", "0").c_str(), nullptr, 10);
  const std::string prompt = prompt_of(invocation);

  Speaker speaker = speaker_of(invocation, assigned(invocation, "device", "auto"));
  speaker.model->eval();
  hold_weights(*speaker.model, weights, invocation.arguments.front());
  const tokenizer::Ids ids = ids_to_continue(speaker, prompt, value_of(invocation, "chat"));
  tasks::TextStream stream(*speaker.tokenizer, ids);
  const auto begin = Clock::now();
  auto first = begin;
  const tokenizer::Ids written = tasks::continue_ids(
      *speaker.model, ids, speaker.writable, sampling, RandomStreams(seed).generator("generate"), [&](std::int32_t id) {
        if (first == begin) first = Clock::now();
        std::cout << stream.add(id) << std::flush;
        return std::cout.good();  // a reader that has gone away ends the text
      });
  std::cout << stream.rest() << std::endl;
  if (!invocation.quiet && written.size() > 1) {
    const auto seconds = [](Clock::duration time) { return std::chrono::duration<double>(time).count(); };
    fmt::print(stderr, "{} tokens read in {:.2f} s, {} written at {:.1f} tokens/s\n", ids.size(),
               seconds(first - begin), written.size(),
               static_cast<double>(written.size() - 1) / seconds(Clock::now() - first));
  }
  return 0;
}

}  // namespace talweg::app
