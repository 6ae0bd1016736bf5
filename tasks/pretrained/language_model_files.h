#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/tokenizer/tokenizer.h"
#include "models/language/language_model.h"

namespace talweg::tasks {

/// A tokenizer, and what tells it from others: the same key, the same ids.
struct NamedTokenizer {
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer;
  std::string key;
};

/// "bytes", or what core/tokenizer/read_tokenizer.h reads from a path.
NamedTokenizer read_named_tokenizer(const std::string& name);

/// A model with its weights, and the tokenizer they were trained with.
struct PretrainedLanguageModel {
  std::shared_ptr<models::LanguageModel> model;  ///< float32 on the CPU
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer;
  std::string tokenizer_key;
  at::ScalarType number_type = at::kFloat;  ///< of the file's numbers: float32, bfloat16 or float16
};

/// Whether a path names a GGUF file, by its first bytes.
bool is_gguf(const std::filesystem::path& path);

/// Reads a GGUF file (architecture llama) or a Hugging Face folder (model_type llama or gpt2). Throws DataError naming
/// every tensor that is missing, unexpected or of another shape than the configuration says.
PretrainedLanguageModel read_language_model(const std::filesystem::path& path);

/// The matrices of a GGUF file as its blocks are, for LanguageModel::pack on the model that was read from it. They stay
/// under the file's memory map.
models::LanguageModel::Packing block_packing(const std::filesystem::path& gguf);

/// Puts adapters on the model as a folder in PEFT's layout (adapter_config.json, adapter_model.safetensors) says, with
/// its weights, and freezes everything else. Throws DataError.
void read_adapters(const std::filesystem::path& folder, models::LanguageModel& model);

/// Writes the adapters of a model as such a folder. Nothing is seen under its name before it is whole.
void write_adapters(const std::filesystem::path& folder, models::LanguageModel& model, const std::string& base_model);

/// Contents of a model folder beside the weights.
struct LanguageModelExport {
  std::filesystem::path tokenizer_source;                 ///< "bytes", or what the tokenizer was read from
  at::ScalarType type = at::kFloat;                       ///< of the numbers: float32, bfloat16 or float16
  std::optional<std::string> chat_system = std::nullopt;  ///< of conversations that were trained on: their system
                                                          ///< message, for the chat template
};

/// Writes a Hugging Face folder: config.json, model.safetensors, generation_config.json, and the files of the tokenizer
/// and its chat template, as far as the source has them. Adapters are merged into what is written. An earlier model
/// folder is replaced as a whole, when the new one is complete. Throws SystemError; ConfigError when something else is
/// in the way.
void write_language_model(const std::filesystem::path& folder, models::LanguageModel& model,
                          const tokenizer::Tokenizer& tokenizer, const LanguageModelExport& beside);

}  // namespace talweg::tasks
