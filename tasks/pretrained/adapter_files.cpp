#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "core/checkpoint/safetensors.h"
#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/io/folder.h"
#include "core/io/output_file.h"
#include "core/libtorch.h"
#include "tasks/language_modeling/adapter.h"
#include "tasks/pretrained/language_model_files.h"
#include "tasks/pretrained/model_configs.h"

namespace talweg::tasks {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kConfig = "adapter_config.json";
constexpr const char* kWeights = "adapter_model.safetensors";

/// "layers.0.attention.query" → "model.layers.0.self_attn.q_proj".
std::string module_elsewhere(const models::LanguageModel& model, const std::string& ours) {
  const std::string name = names_of(model).to_theirs(ours + ".weight").value().name;
  return name.substr(0, name.rfind('.'));
}

std::string last_part(const std::string& name) {
  return name.substr(name.rfind('.') + 1);
}

}  // namespace

void read_adapters(const fs::path& folder, models::LanguageModel& model) {
  const auto fail = [&](const std::string& message) {
    throw DataError(fmt::format("'{}': {}", (folder / kConfig).string(), message));
  };
  const json config = json::parse(io::read_whole_file(folder / kConfig), nullptr, false);
  if (!config.is_object() || config.value("peft_type", "") != "LORA") fail("not the configuration of a LoRA adapter");
  AdapterOptions options;
  std::set<std::string> wanted;
  try {
    options.rank = config.at("r").get<std::int64_t>();
    options.alpha = config.at("lora_alpha").get<double>();
    options.dropout = config.value("lora_dropout", 0.0);
    options.rank_stabilised = config.value("use_rslora", false);
    const json& targets = config.at("target_modules");
    if (targets.is_string())
      wanted.insert(targets.get<std::string>());
    else
      for (const json& target : targets) wanted.insert(target.get<std::string>());
    if (config.value("bias", "none") != "none" || config.value("use_dora", false))
      fail("trained biases and DoRA are not supported");
  } catch (const json::exception& error) {
    fail(error.what());
  }
  if (options.rank < 1 || !(options.alpha > 0)) fail("'r' and 'lora_alpha' must be positive");
  // Targets are the last parts of names, in the library's words.
  options.targets.clear();
  std::set<std::string> known, found;
  for (const auto& [name, projection] : model.projections()) {
    const std::string theirs = last_part(module_elsewhere(model, name));
    known.insert(theirs);
    if (wanted.count(theirs) > 0 && found.insert(last_part(name)).second) options.targets.push_back(last_part(name));
  }
  for (const std::string& target : wanted)
    if (known.count(target) == 0)
      fail(fmt::format("there is no matrix '{}' (known: {})", target, fmt::join(known, ", ")));
  attach_adapters(model, options);

  const checkpoint::SafetensorsFile file = checkpoint::read_safetensors(folder / kWeights);
  std::set<std::string> left;
  for (const auto& [name, tensor] : file.tensors) left.insert(name);
  std::vector<std::string> wrong;
  torch::NoGradGuard no_grad;
  const auto fill = [&](at::Tensor& parameter, const std::string& name) {
    for (const auto& [known_name, tensor] : file.tensors) {
      if (known_name != name) continue;
      left.erase(name);
      if (tensor.sizes() == parameter.sizes()) return void(parameter.copy_(tensor));
      return wrong.push_back(fmt::format("{} has another shape", name));
    }
    wrong.push_back(name + " is missing");
  };
  for (const auto& [name, projection] : model.projections()) {
    if (!projection->has_adapter()) continue;
    const std::string stem = "base_model.model." + module_elsewhere(model, name);
    fill(projection->adapter_a, stem + ".lora_A.weight");
    fill(projection->adapter_b, stem + ".lora_B.weight");
  }
  for (const std::string& name : left) wrong.push_back(name + " is unexpected");
  if (!wrong.empty()) throw DataError(fmt::format("'{}': {}", (folder / kWeights).string(), fmt::join(wrong, ", ")));
}

void write_adapters(const fs::path& folder, models::LanguageModel& model, const std::string& base_model) {
  checkpoint::NamedTensors tensors;
  std::set<std::string> targets;
  models::LowRankShape shape;
  for (const auto& [name, projection] : model.projections()) {
    if (!projection->has_adapter()) continue;
    shape = projection->adapter();
    const std::string theirs = module_elsewhere(model, name), stem = "base_model.model." + theirs;
    targets.insert(last_part(theirs));
    tensors.emplace_back(stem + ".lora_A.weight", projection->adapter_a);
    tensors.emplace_back(stem + ".lora_B.weight", projection->adapter_b);
  }
  const json config = {{"peft_type", "LORA"},
                       {"task_type", "CAUSAL_LM"},
                       {"base_model_name_or_path", base_model},
                       {"r", shape.rank},
                       {"lora_alpha", shape.alpha},
                       {"lora_dropout", shape.dropout},
                       {"use_rslora", shape.rank_stabilised},
                       {"target_modules", targets},
                       {"bias", "none"},
                       {"fan_in_fan_out", is_gpt2(model)},
                       {"inference_mode", true}};
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_empty(folder, error) && !fs::exists(folder / kConfig, error))
    throw ConfigError(fmt::format("'{}' holds other things than adapters; choose a new folder", folder.string()));
  io::FolderAside aside(folder);
  checkpoint::write_safetensors(aside.path() / kWeights, tensors, {{"format", "pt"}});
  io::write_file_atomically(aside.path() / kConfig, config.dump(2) + "\n");
  aside.put_in_place();
}

}  // namespace talweg::tasks
