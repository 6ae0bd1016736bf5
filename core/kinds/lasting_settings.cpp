#include "core/kinds/lasting_settings.h"

#include <algorithm>

namespace talweg {
namespace {

bool is_at_or_below(std::string_view path, std::string_view option) {
  return path == option || (path.starts_with(option) && path[option.size()] == '.');
}

bool is_length(std::string_view path) {
  return path == "training.steps" || path == "training.epochs";
}

bool has_noise_for_its_length(const Settings& settings) {
  const auto target = settings.find("optimizer.target_epsilon");
  return target != settings.end() && target->second != "nothing";
}

}  // namespace

const std::vector<std::string_view>& changeable_options() {
  static const std::vector<std::string_view> options = {"training.steps",
                                                        "training.epochs",
                                                        "training.log_every",
                                                        "training.evaluate_every",
                                                        "training.prefetch",
                                                        "training.micro_batch_size",
                                                        "training.non_finite",
                                                        "training.non_finite_limit",
                                                        "checkpoint",
                                                        "early_stopping",
                                                        "expect",
                                                        "name",
                                                        "description",
                                                        "device",
                                                        "distributed",
                                                        "evaluate_every"};
  return options;
}

bool may_change(std::string_view path) {
  return std::any_of(changeable_options().begin(), changeable_options().end(),
                     [&](std::string_view option) { return is_at_or_below(path, option); });
}

Settings lasting_settings(const config::Value& resolved) {
  Settings settings = settings_of(resolved);
  const bool keeps_length = has_noise_for_its_length(settings);
  std::erase_if(settings, [&](const auto& setting) {
    return may_change(setting.first) && !(keeps_length && is_length(setting.first));
  });
  return settings;
}

}  // namespace talweg
