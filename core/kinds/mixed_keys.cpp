#include "core/kinds/mixed_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/agents/agents_config.h"
#include "core/study/study_config.h"
#include "core/train/run_config.h"

namespace talweg {
namespace {

template <class Options>
std::vector<std::string> keys_of() {
  Options options;
  const config::Fields fields = config::fields_of(options);
  std::vector<std::string> names;
  for (const config::Field& field : fields.list()) names.push_back(field.name);
  return names;
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::vector<std::string> without(std::vector<std::string> list, const std::vector<std::string>& others) {
  std::erase_if(list, [&](const std::string& word) { return contains(others, word); });
  return list;
}

/// Where a section of a training has a key of this name: "; a training has 'training.evaluate_every'".
std::string place_in_training(const std::string& key) {
  return contains(keys_of<TrainingOptions>(), key) ? fmt::format("; a training has 'training.{}'", key) : "";
}

}  // namespace

ForeignKeys foreign_keys() {
  const std::vector<std::string> training = keys_of<agents::AgentsConfig>(), study = keys_of<StudyConfig>();
  return {without(training, study), without(study, training)};
}

config::Value without_mixed_keys(const config::Value& root, config::Diagnostics& diagnostics) {
  const ForeignKeys foreign = foreign_keys();
  const config::Value* study = root.find("study");
  config::Value own = root;
  std::erase_if(own.members, [&](const config::Member& member) {
    if (study && contains(foreign.of_trainings, member.key)) {
      diagnostics.error(member.where, fmt::format("'{}' belongs to a training, and this file holds a study ({}); a "
                                                  "study has neither task nor optimizer",
                                                  member.key, study->where.text()));
      return true;
    }
    if (!study && contains(foreign.of_studies, member.key)) {
      diagnostics.error(member.where, fmt::format("'{}' belongs to a study ('study: {{type: NAME}}'), and this file "
                                                  "holds none{}",
                                                  member.key, place_in_training(member.key)));
      return true;
    }
    return false;
  });
  for (config::Member& member : own.members) {
    if (!study || member.key != "checkpoint") continue;
    std::erase_if(member.value.members, [&](const config::Member& option) {
      if (option.key != "best_metric" && option.key != "best_goal") return false;
      diagnostics.error(option.where, fmt::format("'checkpoint.{}' belongs to a training; a study has one result and "
                                                  "no best",
                                                  option.key));
      return true;
    });
  }
  return own;
}

}  // namespace talweg
