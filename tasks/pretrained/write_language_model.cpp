#include "core/io/json_fields.h"
#include "core/libtorch.h"
#include "core/tokenizer/chat_template.h"
#include "core/weights/model_folder.h"
#include "tasks/pretrained/language_model_files.h"
#include "tasks/pretrained/model_configs.h"
#include "tasks/pretrained/tokenizer_files.h"

namespace talweg::tasks {
namespace {

using nlohmann::json;

constexpr const char* kGeneration = "generation_config.json";

/// The source's generation configuration, or one with the ids of the tokenizer; conversations end with a turn, too.
std::string generation_config(const std::map<std::string, std::string>& files, const tokenizer::Tokenizer& tokenizer,
                              bool conversations) {
  const tokenizer::RoleIds& roles = tokenizer.roles();
  json config = json::object();
  if (const auto found = files.find(kGeneration); found != files.end()) config = json::parse(found->second);
  const auto fill = [&](const char* key, const std::optional<std::int32_t>& id) {
    if (id && !config.contains(key)) config[key] = *id;
  };
  fill("bos_token_id", roles.begin);
  fill("pad_token_id", roles.padding);
  tokenizer::Ids ends = roles.further_ends;
  if (roles.end) ends.insert(ends.begin(), *roles.end);
  if (conversations)
    if (const std::int32_t turn = tokenizer::chat_end(tokenizer); !roles.is_end(turn)) ends.push_back(turn);
  if (ends.size() == 1)
    config["eos_token_id"] = ends.front();
  else if (!ends.empty())
    config["eos_token_id"] = ends;
  return config.dump(2) + "\n";
}

/// A tokenizer_config.json for a tokenizer.json that stands alone. Without one the library takes the class of
/// tokenizers that is usual for the model, and not what the file says.
std::string tokenizer_config(const tokenizer::Tokenizer& tokenizer) {
  json config = {{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}};
  const tokenizer::RoleIds& roles = tokenizer.roles();
  for (const auto& [key, id] : {std::pair{"bos_token", roles.begin},
                                {"eos_token", roles.end},
                                {"unk_token", roles.unknown},
                                {"pad_token", roles.padding},
                                {"mask_token", roles.mask}})
    if (id) config[key] = tokenizer.decode({&*id, 1});
  return config.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

/// Whether the source's own chat template writes conversations as they were trained on.
bool is_template_of(const std::string& jinja, const std::string& system) {
  return jinja.find("<|im_start|>") != std::string::npos && tokenizer::system_of_template(jinja) == system;
}

}  // namespace

void write_language_model(const std::filesystem::path& folder, models::LanguageModel& model,
                          const tokenizer::Tokenizer& tokenizer, const LanguageModelExport& beside) {
  torch::NoGradGuard no_grad;
  weights::NamedTensors tensors;
  for (const auto& item : model.named_parameters())
    if (!item.key().ends_with(".adapter_a") && !item.key().ends_with(".adapter_b"))
      tensors.emplace_back(item.key(), item.value().detach());
  for (const auto& [name, projection] : model.projections()) {
    if (!projection->has_adapter()) continue;
    for (auto& [known, tensor] : tensors)
      if (known == name + ".weight") tensor = projection->merged_weight();
  }
  weights::ModelFolderContent content{config_of(model, tokenizer.roles()),
                                      weights::to_file_layout(names_of(model), tensors),
                                      tokenizer_files(beside.tokenizer_source)};
  weights::set_number_type(content, beside.type);
  content.files[kGeneration] = generation_config(content.files, tokenizer, beside.chat_system.has_value());
  if (content.files.count("tokenizer.json") > 0 && content.files.count("tokenizer_config.json") == 0)
    content.files["tokenizer_config.json"] = tokenizer_config(tokenizer);
  if (beside.chat_system && !is_template_of(chat_template_of(beside.tokenizer_source), *beside.chat_system))
    content.files["chat_template.jinja"] = tokenizer::chatml_template(*beside.chat_system);
  weights::write_model_folder(folder, content);
}

}  // namespace talweg::tasks
