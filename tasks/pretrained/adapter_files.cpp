#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <regex>
#include <set>

#include "core/checkpoint/safetensors.h"
#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/io/folder.h"
#include "core/io/json_fields.h"
#include "core/io/output_file.h"
#include "core/libtorch.h"
#include "models/language/adapter.h"
#include "tasks/pretrained/config_keys.h"
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

/// A regular expression of adapter_config.json, which is matched from the beginning to the end of a module's name.
std::regex expression_of(const std::string& pattern, const io::JsonFields& fields) {
  try {
    return std::regex(pattern, std::regex::ECMAScript);
  } catch (const std::regex_error&) {
    fields.fail(fmt::format("'{}' is no regular expression that is understood here", pattern.substr(0, 100)));
  }
}

/// Which modules have adapters, as the library decides it: a list holds ends of names, a text is a regular expression.
class Targets {
 public:
  explicit Targets(const io::JsonFields& fields) {
    const nlohmann::json& targets = fields.at("target_modules");
    if (!targets.is_string())
      names_ = fields.get<std::vector<std::string>>("target_modules");
    else if (targets == "all-linear")
      all_ = true;
    else
      pattern_ = expression_of(targets.get<std::string>(), fields);
  }

  bool contain(const std::string& module) {
    if (all_) return true;
    if (pattern_) return std::regex_match(module, *pattern_);
    bool found = false;
    for (const std::string& name : names_) {
      if (module != name && !module.ends_with("." + name)) continue;
      found = true;
      met_.insert(name);
    }
    return found;
  }
  /// The names in the list that were the end of no module's.
  std::vector<std::string> unmet() const {
    std::vector<std::string> list;
    for (const std::string& name : names_)
      if (met_.count(name) == 0) list.push_back(name);
    return list;
  }

 private:
  bool all_ = false;
  std::optional<std::regex> pattern_;
  std::vector<std::string> names_;
  std::set<std::string> met_;
};

/// Numbers of single modules: the first pattern that is the end of a module's name, in the order of the file.
class ModulePattern {
 public:
  ModulePattern(const nlohmann::ordered_json& config, const std::string& key, const io::JsonFields& fields) {
    if (!fields.has(key)) return;
    if (!config.at(key).is_object()) fields.fail(fmt::format("'{}' is not an object", key));
    for (const auto& [pattern, value] : config.at(key).items()) {
      if (!value.is_number() || !(value.get<double>() > 0))
        fields.fail(fmt::format("'{}' has no positive number for '{}'", key, pattern.substr(0, 100)));
      entries_.emplace_back(expression_of("(.*\\.)?(" + pattern + ")", fields), value.get<double>());
    }
  }
  double of(const std::string& module, double otherwise) const {
    for (const auto& [pattern, value] : entries_)
      if (std::regex_match(module, pattern)) return value;
    return otherwise;
  }

 private:
  std::vector<std::pair<std::regex, double>> entries_;
};

/// The adapter of every module that has one. Throws DataError.
std::vector<models::PlacedAdapter> adapters_of(const fs::path& file, const models::LanguageModel& model) {
  // Patterns are tried in the order of the file.
  const auto config = nlohmann::ordered_json::parse(io::read_whole_file(file), nullptr, false);
  const json sorted = config;
  const std::string where = fmt::format("'{}'", file.string());
  if (!sorted.is_object() || sorted.value("peft_type", json()) != "LORA")
    throw DataError(where + ": not the configuration of a LoRA adapter");
  const io::JsonFields fields(sorted, where);
  io::require_known_keys(sorted, lora_config_keys(), where);
  if (const auto bias = fields.get_or<std::string>("bias", "none"); bias != "none")
    fields.fail(fmt::format("'bias' is '{}'; biases that are trained beside the adapters are not supported", bias));
  if (fields.has("init_lora_weights") && fields.at("init_lora_weights").is_string()) {
    const auto way = fields.get<std::string>("init_lora_weights");
    if (way != "gaussian" && way != "orthogonal" && way != "eva")
      fields.fail(
          fmt::format("'init_lora_weights' is '{}', which changed the base model's own weights; convert the "
                      "adapter to one of the original model with the PEFT library first",
                      way));
  }
  const auto rank = fields.get<std::int64_t>("r");
  const auto alpha = fields.get_or<double>("lora_alpha", 8);
  const auto dropout = fields.get_or<double>("lora_dropout", 0);
  if (rank < 1 || !(alpha > 0)) fields.fail("'r' and 'lora_alpha' must be positive");
  if (!(dropout >= 0 && dropout < 1)) fields.fail(fmt::format("'lora_dropout' is {}, not in [0, 1)", dropout));
  const ModulePattern ranks(config, "rank_pattern", fields), alphas(config, "alpha_pattern", fields);
  Targets targets(fields);
  std::vector<models::PlacedAdapter> placed;
  std::set<std::string> known;
  for (const auto& [name, projection] : model.projections()) {
    const std::string theirs = module_elsewhere(model, name);
    known.insert(last_part(theirs));
    if (!targets.contain(theirs)) continue;
    const auto own_rank = static_cast<std::int64_t>(ranks.of(theirs, static_cast<double>(rank)));
    placed.push_back({projection, {own_rank, alphas.of(theirs, alpha), dropout, fields.get_or("use_rslora", false)}});
  }
  if (const auto unmet = targets.unmet(); !unmet.empty())
    fields.fail(fmt::format("there is no matrix '{}' (known: {})", unmet.front(), fmt::join(known, ", ")));
  if (placed.empty()) fields.fail(fmt::format("'target_modules' fits no matrix (known: {})", fmt::join(known, ", ")));
  return placed;
}

}  // namespace

void read_adapters(const fs::path& folder, models::LanguageModel& model) {
  models::place_adapters(model, adapters_of(folder / kConfig, model));

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
  std::optional<models::LowRankShape> first;
  json ranks = json::object(), alphas = json::object();  // of modules that differ from the first
  for (const auto& [name, projection] : model.projections()) {
    if (!projection->has_adapter()) continue;
    const models::LowRankShape& shape = projection->adapter();
    if (!first) first = shape;
    const std::string theirs = module_elsewhere(model, name), stem = "base_model.model." + theirs;
    if (shape.rank != first->rank) ranks[theirs] = shape.rank;
    if (shape.alpha != first->alpha) alphas[theirs] = shape.alpha;
    targets.insert(last_part(theirs));
    tensors.emplace_back(stem + ".lora_A.weight", projection->adapter_a);
    tensors.emplace_back(stem + ".lora_B.weight", projection->adapter_b);
  }
  const models::LowRankShape shape = first.value_or(models::LowRankShape{});
  const json config = {{"peft_type", "LORA"},
                       {"task_type", "CAUSAL_LM"},
                       {"base_model_name_or_path", base_model},
                       {"r", shape.rank},
                       {"lora_alpha", shape.alpha},
                       {"lora_dropout", shape.dropout},
                       {"use_rslora", shape.rank_stabilised},
                       {"rank_pattern", ranks},
                       {"alpha_pattern", alphas},
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
