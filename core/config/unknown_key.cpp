#include "core/config/unknown_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/config/catalogue.h"
#include "core/config/fields.h"
#include "core/config/schema.h"
#include "core/io/closest_word.h"

namespace talweg::config {
namespace {

/// Words that people bring from other trainers, and what is written here instead.
const std::map<std::string, std::string>& words_of_others() {
  static const std::map<std::string, std::string> words = {
      {"lr", "optimizer.learning_rate"},
      {"wd", "optimizer.weight_decay"},
      {"optim", "optimizer"},
      {"betas", "optimizer.beta1 and optimizer.beta2"},
      {"adam_beta1", "optimizer.beta1"},
      {"adam_beta2", "optimizer.beta2"},
      {"eps", "optimizer.epsilon"},
      {"adam_epsilon", "optimizer.epsilon"},
      {"max_steps", "training.steps"},
      {"num_steps", "training.steps"},
      {"max_iters", "training.steps"},
      {"iterations", "training.steps"},
      {"num_train_epochs", "training.epochs"},
      {"num_epochs", "training.epochs"},
      {"max_epochs", "training.epochs"},
      {"train_batch_size", "training.batch_size"},
      {"per_device_train_batch_size", "training.batch_size, of all devices together"},
      {"gradient_accumulation_steps",
       "training.micro_batch_size: the examples of one pass; batch_size counts them all"},
      {"accumulate_grad_batches", "training.micro_batch_size: the examples of one pass; batch_size counts them all"},
      {"bf16", "training.precision: bfloat16"},
      {"fp16", "training.precision; float32, float64 and bfloat16 are offered"},
      {"max_grad_norm", "training.clip_norm"},
      {"gradient_clip_val", "training.clip_norm"},
      {"logging_steps", "training.log_every"},
      {"log_interval", "training.log_every"},
      {"eval_steps", "training.evaluate_every"},
      {"eval_interval", "training.evaluate_every"},
      {"dataloader_num_workers", "training.prefetch"},
      {"num_workers", "training.prefetch"},
      {"lr_scheduler", "schedule"},
      {"lr_scheduler_type", "schedule"},
      {"scheduler", "schedule"},
      {"warmup_steps", "schedule.warmup"},
      {"num_warmup_steps", "schedule.warmup"},
      {"warmup_ratio", "schedule.warmup: 5%, or a number of steps"},
      {"save_steps", "checkpoint.every"},
      {"save_total_limit", "checkpoint.keep"},
      {"metric_for_best_model", "checkpoint.best_metric"},
      {"early_stopping_patience", "early_stopping.patience"},
      {"ema_decay", "weight_average.decay"},
      {"random_seed", "seed"},
      {"random_state", "seed"},
      {"dataset", "task.data"},
      {"output_dir", "--output FOLDER on the command line"},
      {"resume_from_checkpoint", "the command 'talweg resume RUN'"},
  };
  return words;
}

std::string joined(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

/// Looks for a key below a schema; `kinds` are the kinds of component that were looked through on the way.
std::optional<std::string> find_below(const nlohmann::json& schema, const std::string& key, const std::string& path,
                                      std::set<std::string> kinds) {
  const auto reference = schema.find("$ref");
  if (reference != schema.end()) {
    const auto text = reference->get<std::string>();
    const std::string kind = text.substr(text.rfind('/') + 1);
    const AnyRegistry* registry = Catalogue::instance().find(kind);
    if (!registry || !kinds.insert(kind).second) return std::nullopt;
    for (const std::string& name : registry->names())
      if (auto found = find_below(registry->describe(name).schema, key, path, kinds)) return found;
    return std::nullopt;
  }
  for (const nlohmann::json* alternative : alternatives_of(schema))
    if (alternative != &schema)
      if (auto found = find_below(*alternative, key, path, kinds)) return found;
  const auto properties = schema.find("properties");
  if (properties == schema.end()) return std::nullopt;
  if (properties->contains(key)) return joined(path, key);
  for (const auto& [name, below] : properties->items())
    if (auto found = find_below(below, key, joined(path, name), kinds)) return found;
  return std::nullopt;
}

}  // namespace

std::string hint_for_unknown_key(const std::string& key, const std::vector<OpenSection>& sections) {
  if (const auto word = words_of_others().find(key); word != words_of_others().end())
    return fmt::format(" (here: {})", word->second);
  std::vector<std::string> names;
  for (const Field& field : sections.back().fields->list()) names.push_back(field.name);
  if (io::closest_word(key, names)) return io::suggestion(key, names);
  for (auto section = sections.rbegin(); section != sections.rend(); ++section)
    if (const auto place = find_below(section->fields->schema(), key, section->path, {}))
      return place->find('.') == std::string::npos ? " (it belongs to the top level)"
                                                   : fmt::format(" (here: {})", *place);
  return io::suggestion(key, names);
}

}  // namespace talweg::config
