#include "core/files/compose.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "core/config/diagnostics.h"
#include "core/error.h"
#include "core/files/yaml.h"

namespace talweg::config {
namespace {

namespace fs = std::filesystem;

std::string expand_variables(const std::string& text, const Location& where) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    if (text.compare(i, 3, "$${") == 0) {
      result += "${";
      i += 3;
      continue;
    }
    if (text.compare(i, 2, "${") != 0) {
      result += text[i++];
      continue;
    }
    const std::size_t end = text.find('}', i);
    if (end == std::string::npos) fail(where, "'${' without a closing '}'");
    std::string name = text.substr(i + 2, end - i - 2);
    const std::size_t dash = name.find(":-");
    const bool has_default = dash != std::string::npos;
    const std::string fallback = has_default ? name.substr(dash + 2) : "";
    if (has_default) name.resize(dash);
    if (name.empty()) fail(where, "'${}' names no environment variable");
    const char* value = std::getenv(name.c_str());
    if (!value && !has_default)
      fail(where,
           fmt::format("the environment variable '{0}' is not set (export it, or write '${{{0}:-default}}')", name));
    result += value ? value : fallback;
    i = end + 1;
  }
  return result;
}

void expand_variables(Value& value) {
  if (value.is_scalar() && value.text.find("${") != std::string::npos) {
    // Flow style cannot have `${NAME}` without quotes, which are then no part of what is meant: "${N:-3}" is a number.
    if (value.text.starts_with("${") && value.text.find('}') == value.text.size() - 1) value.quoted = false;
    value.text = expand_variables(value.text, value.where);
  }
  for (Value& item : value.items) expand_variables(item);
  for (Member& member : value.members) expand_variables(member.value);
}

std::vector<const Value*> parents_of(const Value& extends) {
  std::vector<const Value*> parents;
  if (extends.is_scalar()) parents.push_back(&extends);
  for (const Value& item : extends.items) parents.push_back(&item);
  const bool all_names = std::all_of(parents.begin(), parents.end(), [](const Value* v) { return v->is_scalar(); });
  if (parents.empty() || !all_names) fail(extends.where, "'extends' takes a file name or a list of file names");
  return parents;
}

Value load_chain(const std::string& path, std::vector<std::string>& open_files) {
  std::error_code error;
  const std::string canonical = fs::weakly_canonical(path, error).string();
  if (std::find(open_files.begin(), open_files.end(), canonical) != open_files.end()) {
    std::vector<std::string> names;
    for (const std::string& file : open_files) names.push_back(fs::path(file).filename().string());
    throw ConfigError(fmt::format("{}: circular 'extends': {} -> {}", path, fmt::join(names, " -> "),
                                  fs::path(path).filename().string()));
  }
  Value own = read_yaml_file(path);
  if (!own.is_mapping()) fail(own.where, "a configuration is a mapping ('key: value'), found " + own.describe());
  expand_variables(own);
  const Value* extends = own.find("extends");
  if (!extends) return own;

  open_files.push_back(canonical);
  Value base = Value::mapping(own.where);
  for (const Value* parent : parents_of(*extends)) {
    const std::string parent_path = (fs::path(path).parent_path() / parent->text).string();
    if (!fs::exists(parent_path, error))
      fail(parent->where, fmt::format("'extends' names a file that does not exist: {}", parent_path));
    base = overlay(std::move(base), load_chain(parent_path, open_files));
  }
  open_files.pop_back();
  own.erase("extends");
  return overlay(std::move(base), own);
}

/// A component given by its bare name as the mapping it stands for.
Value component_of(const Value& name) {
  Value component = Value::mapping(name.where);
  component.set("type", name);
  return component;
}

/// How deep an assignment reaches; choosing the type of a component is setting the component.
std::size_t depth_of(const std::string& path) {
  const auto dots = static_cast<std::size_t>(std::count(path.begin(), path.end(), '.'));
  return path.ends_with(".type") ? dots - 1 : dots;
}

/// The component that an assignment chooses, as a dotted path; empty when it chooses none.
std::string chosen_component(const std::string& path, const Value& value) {
  constexpr std::string_view suffix = ".type";
  if (path.ends_with(suffix)) return path.substr(0, path.size() - suffix.size());
  return value.is_scalar() || value.find("type") ? path : "";
}

}  // namespace

Value overlay(Value base, const Value& over) {
  if (base.is_scalar() && over.is_mapping()) return overlay(component_of(base), over);
  if (base.is_mapping() && over.is_scalar()) return overlay(std::move(base), component_of(over));
  if (!base.is_mapping() || !over.is_mapping()) return over;
  const Value* base_type = base.find("type");
  const Value* over_type = over.find("type");
  if (base_type && over_type && base_type->text != over_type->text) return over;
  for (const Member& member : over.members) {
    Value* existing = base.find(member.key);
    if (existing && member.value.is_null()) {
      base.erase(member.key);
    } else if (existing) {
      *existing = overlay(std::move(*existing), member.value);
    } else {
      base.members.push_back(member);
    }
  }
  base.where = over.where;
  return base;
}

void set_path(Value& root, const std::string& path, Value value) {
  Value* node = &root;
  for (std::size_t start = 0;;) {
    const std::size_t dot = path.find('.', start);
    const std::string key = path.substr(start, dot == std::string::npos ? dot : dot - start);
    const bool last = dot == std::string::npos;
    if (key.empty()) fail(value.where, fmt::format("'{}' is not a path of keys joined by dots", path));
    if (node->is_sequence()) {
      std::size_t index = 0;
      const auto [end, status] = std::from_chars(key.data(), key.data() + key.size(), index);
      if (status != std::errc() || end != key.data() + key.size() || index >= node->items.size())
        fail(value.where, fmt::format("'{}': '{}' is no index of a list of {}", path, key, node->items.size()));
      node = &node->items[index];
    } else {
      // A component may be written as its bare type; an option set below it turns it into a mapping.
      if (node->is_scalar() && node != &root) {
        *node = component_of(*node);
      }
      if (node->is_null()) *node = Value::mapping(value.where);
      if (last && key == "type" && node->find("type") && node->find("type")->text != value.text) node->members.clear();
      if (last && value.is_null() && node->erase(key)) return;
      if (!node->find(key)) node->set(key, Value::null(value.where));
      node = node->find(key);
    }
    if (last) break;
    start = dot + 1;
  }
  *node = overlay(std::move(*node), value);
}

void assign(Value& root, std::vector<std::pair<std::string, Value>> assignments) {
  std::stable_sort(assignments.begin(), assignments.end(),
                   [](const auto& a, const auto& b) { return depth_of(a.first) < depth_of(b.first); });
  for (auto later = assignments.begin(); later != assignments.end(); ++later)
    for (auto earlier = assignments.begin(); earlier != later; ++earlier) {
      const std::string component = chosen_component(later->first, later->second);
      if (later->first != earlier->first &&
          (component.empty() || component != chosen_component(earlier->first, earlier->second)))
        continue;
      fail(later->second.where,
           fmt::format("'{}' and '{}' set the same, so that one of them has no effect; leave one out", earlier->first,
                       later->first));
    }
  for (auto& [path, value] : assignments) set_path(root, path, std::move(value));
}

Value load(const std::string& path, const std::vector<std::string>& assignments) {
  std::vector<std::string> open_files;
  Value root = load_chain(path, open_files);
  std::vector<std::pair<std::string, Value>> values;
  for (const std::string& assignment : assignments) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0)
      throw ConfigError(
          fmt::format("--set {}: expected KEY=VALUE, for example --set optimizer.learning_rate=0.01", assignment));
    const std::string key = assignment.substr(0, equals);
    const std::string text = assignment.substr(equals + 1);
    const auto source = std::make_shared<const std::string>("--set " + key);
    Value value = text.empty() || text == "null" || text == "~" ? Value::null() : parse_yaml(text, *source);
    expand_variables(value);
    // Positions inside the assignment's text would mislead: the option itself is the location.
    const auto relocate = [&](auto&& self, Value& v) -> void {
      v.where = {source, 0, 0};
      for (Value& item : v.items) self(self, item);
      for (Member& member : v.members) {
        member.where = v.where;
        self(self, member.value);
      }
    };
    relocate(relocate, value);
    values.emplace_back(key, std::move(value));
  }
  assign(root, std::move(values));
  return root;
}

}  // namespace talweg::config
