#include "core/checkpoint/safetensors.h"
#include "core/io/atomic_file.h"
#include "core/io/atomic_folder.h"
#include "core/io/output_file.h"
#include "core/libtorch.h"
#include "tasks/pretrained/language_model_files.h"
#include "tasks/pretrained/model_configs.h"

namespace talweg::tasks {

namespace fs = std::filesystem;

void write_language_model(const fs::path& folder, models::LanguageModel& model, const tokenizer::Tokenizer& tokenizer,
                          const fs::path& tokenizer_source) {
  torch::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> merged;
  for (const auto& [name, projection] : model.projections())
    if (projection->has_adapter()) merged[name + ".weight"] = projection->merged_weight();
  checkpoint::NamedTensors tensors;
  for (const auto& item : model.named_parameters()) {
    if (item.key().ends_with(".adapter_a") || item.key().ends_with(".adapter_b")) continue;
    const auto [name, layout] = name_elsewhere(rules_of(model), item.key());
    const auto found = merged.find(item.key());
    tensors.emplace_back(name, to_layout(found == merged.end() ? item.value() : found->second, layout, head_size_of(model)));
  }
  const nlohmann::json config = config_of(model, tokenizer.roles());
  io::write_folder_atomically(
      folder, [](const fs::path& earlier) { return fs::exists(earlier / "config.json"); },
      [&](const fs::path& aside) {
        checkpoint::write_safetensors(aside / "model.safetensors", tensors, {{"format", "pt"}});
        io::write_file_atomically(aside / "config.json", config.dump(2) + "\n");
        write_tokenizer(aside, tokenizer_source);
      });
}

}  // namespace talweg::tasks
