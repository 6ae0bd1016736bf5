#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/config/value.h"

namespace talweg {

/// Options of a resolved configuration by dotted path, each value as one line: {"optimizer.type": "adamw"}.
using Settings = std::map<std::string, std::string>;

/// An option that has another value than it had.
struct ChangedSetting {
  std::string path;
  std::string before, now;
};
using SettingChanges = std::vector<ChangedSetting>;

/// Every option of a mapping and of the mappings in it; a list is one value.
Settings settings_of(const config::Value& resolved);

/// Options that both have, with other values. What only one has came or went with a version of the program, or with the
/// type of a component, which is a change itself.
SettingChanges changes_between(const Settings& before, const Settings& now);

void to_json(nlohmann::json& json, const ChangedSetting& change);
/// "optimizer.type was adamw and is sgd; seed was 1 and is 2".
std::string describe(const SettingChanges& changes);

/// The fate of a run that goes on while options that made its steps have other values: returns to go on with those,
/// throws to refuse. Called with at least one change.
using ChangedSettingsPolicy = std::function<void(const SettingChanges& changes)>;

/// Throws ConfigError naming each option with both values, and what can be done.
void refuse_changed_settings(const SettingChanges& changes);

/// Says on standard error that the run goes on, and what has changed.
void announce_changed_settings(const SettingChanges& changes);

}  // namespace talweg
