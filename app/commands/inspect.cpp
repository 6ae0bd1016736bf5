#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/commands/commands.h"
#include "core/config/catalogue.h"
#include "core/config/diagnostics.h"
#include "core/config/yaml.h"
#include "core/error.h"
#include "core/kinds/run_recipe.h"

namespace talweg::app {
namespace {

const config::AnyRegistry& find_kind(const std::string& kind) {
  if (const config::AnyRegistry* registry = config::Catalogue::instance().find(kind)) return *registry;
  std::vector<std::string> kinds;
  for (const config::AnyRegistry* registry : config::Catalogue::instance().registries())
    kinds.push_back(registry->kind());
  throw UsageError(fmt::format("there is no kind of component '{}'{}", kind, config::suggestion(kind, kinds)));
}

void print_kind(const config::AnyRegistry& registry) {
  fmt::print("{}\n", registry.kind());
  for (const std::string& name : registry.names()) fmt::print("  {:<22}{}\n", name, registry.describe(name).summary);
}

std::string default_text(const config::OptionInfo& option) {
  if (option.required) return "required";
  if (option.default_value.is_null()) return "not set";
  std::string text = config::to_yaml(option.default_value);
  if (option.default_value.is_mapping()) {
    const config::Value* type = option.default_value.find("type");
    return type ? "default " + type->text : "section";
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return "default " + (text.empty() ? "''" : text);
}

/// The options of the section that a schema describes, itself, as an alternative or as an element of a list; null where
/// there are none.
const nlohmann::json* section_of(const nlohmann::json& schema) {
  if (const auto properties = schema.find("properties"); properties != schema.end()) return &*properties;
  if (const auto items = schema.find("items"); items != schema.end()) return section_of(*items);
  if (const auto alternatives = schema.find("anyOf"); alternatives != schema.end())
    for (const nlohmann::json& alternative : *alternatives)
      if (const nlohmann::json* found = section_of(alternative)) return found;
  return nullptr;
}

void print_section(const nlohmann::json& schema, int indentation) {
  const nlohmann::json* section = section_of(schema);
  if (!section) return;
  for (const auto& [name, option] : section->items()) {
    fmt::print("{:{}}{}: {}\n", "", indentation, name, option.value("description", ""));
    print_section(option, indentation + 4);
  }
}

}  // namespace

int list(const Invocation& invocation) {
  if (!invocation.arguments.empty()) {
    print_kind(find_kind(invocation.arguments.front()));
    return 0;
  }
  for (const config::AnyRegistry* registry : config::Catalogue::instance().registries()) print_kind(*registry);
  return 0;
}

int describe(const Invocation& invocation) {
  const std::string& word = invocation.arguments.front();
  const std::size_t dot = word.find('.');
  const config::AnyRegistry& registry = find_kind(word.substr(0, dot));
  if (dot == std::string::npos) {
    print_kind(registry);
    return 0;
  }
  const std::string name = word.substr(dot + 1);
  const std::vector<std::string> names = registry.names();
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw UsageError(fmt::format("there is no {} '{}'{}", registry.kind(), name, config::suggestion(name, names)));
  const config::ComponentInfo info = registry.describe(name);
  fmt::print("{}: {}\nSource: {}\n", word, info.summary, info.source);
  if (!info.abilities.empty()) fmt::print("It {}.\n", fmt::join(info.abilities, "; "));
  if (info.options.empty()) fmt::print("It has no options.\n");
  for (const config::OptionInfo& option : info.options) {
    fmt::print("\n  {}: {} ({})\n      {}{}\n", option.name, option.type, default_text(option), option.doc,
               option.constraints.empty() ? "" : "; " + option.constraints);
    print_section(info.schema.at("properties").at(option.name), 10);
  }
  return 0;
}

int schema(const Invocation&) {
  fmt::print("{}\n", config::complete_schema(configuration_schema()).dump(1));
  return 0;
}

}  // namespace talweg::app
