#include "core/run/changed_settings.h"

#include <fmt/format.h>

#include "core/error.h"

namespace talweg {
namespace {

constexpr const char* kSection = "given";  // of a mapping: what is in it has paths of its own

std::string one_line(const config::Value& value) {
  if (value.is_null()) return "nothing";
  if (value.is_scalar()) return value.text;
  std::string line;
  for (const config::Value& item : value.items) line += (line.empty() ? "" : ", ") + one_line(item);
  for (const config::Member& member : value.members)
    line += fmt::format("{}{}: {}", line.empty() ? "" : ", ", member.key, one_line(member.value));
  return value.is_sequence() ? "[" + line + "]" : "{" + line + "}";
}

void add(const config::Value& mapping, const std::string& prefix, Settings& settings) {
  for (const config::Member& member : mapping.members) {
    const std::string path = prefix + member.key;
    settings[path] = member.value.is_mapping() ? kSection : one_line(member.value);
    if (member.value.is_mapping()) add(member.value, path + ".", settings);
  }
}

}  // namespace

Settings settings_of(const config::Value& resolved) {
  Settings settings;
  add(resolved, "", settings);
  return settings;
}

SettingChanges changes_between(const Settings& before, const Settings& now) {
  SettingChanges changes;
  for (const auto& [path, value] : now)
    if (const auto earlier = before.find(path); earlier != before.end() && earlier->second != value)
      changes.push_back({path, earlier->second, value});
  return changes;
}

void to_json(nlohmann::json& json, const ChangedSetting& change) {
  json = {{"option", change.path}, {"before", change.before}, {"now", change.now}};
}

std::string describe(const SettingChanges& changes) {
  std::string text;
  for (const ChangedSetting& change : changes)
    text += fmt::format("{}{} was {} and is {}", text.empty() ? "" : "; ", change.path, change.before, change.now);
  return text;
}

void refuse_changed_settings(const SettingChanges& changes) {
  throw ConfigError(
      fmt::format("the steps that were made belong to another configuration: {}. Put these back, begin a new run with "
                  "'talweg train', or add --accept-changes to go on with what is there now",
                  describe(changes)));
}

void announce_changed_settings(const SettingChanges& changes) {
  fmt::print(stderr, "talweg: going on with another configuration (--accept-changes): {}\n", describe(changes));
}

}  // namespace talweg
