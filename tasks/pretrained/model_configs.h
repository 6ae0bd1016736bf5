#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/tokenizer/tokenizer.h"
#include "models/language/gpt2.h"
#include "models/language/llama.h"
#include "tasks/pretrained/language_model_names.h"

namespace talweg::tasks {

/// The architecture in the words of the Hugging Face library's config.json. Throws std::logic_error for a model that is
/// neither a Llama nor a GPT-2.
nlohmann::json config_of(const models::LanguageModel& model, const tokenizer::RoleIds& roles);

/// A model with the architecture of a config.json, its weights not yet read. `path` is for messages. Throws DataError
/// for a model_type other than llama or gpt2, a missing or absurd number, variants that are not built here (other
/// activations, biases in the perceptron), and every member that is not known to change nothing.
std::shared_ptr<models::LanguageModel> model_of(const nlohmann::json& config, const std::string& path);

/// The names of a model's tensors in files of the Hugging Face library.
const weights::NameTable& names_of(const models::LanguageModel& model);
bool is_gpt2(const models::LanguageModel& model);

}  // namespace talweg::tasks
