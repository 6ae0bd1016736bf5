#include "core/io/output_file.h"
#include "core/libtorch.h"
#include "core/weights/model_folder.h"
#include "tasks/pretrained/language_model_files.h"
#include "tasks/pretrained/model_configs.h"
#include "tasks/pretrained/tokenizer_files.h"

namespace talweg::tasks {

void write_language_model(const std::filesystem::path& folder, models::LanguageModel& model,
                          const tokenizer::Tokenizer& tokenizer, const std::filesystem::path& tokenizer_source) {
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
  weights::write_model_folder(folder,
                              {config_of(model, tokenizer.roles()), weights::to_file_layout(names_of(model), tensors),
                               tokenizer_files(tokenizer_source)});
}

}  // namespace talweg::tasks
