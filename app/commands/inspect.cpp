#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/commands/commands.h"
#include "core/config/catalogue.h"
#include "core/config/diagnostics.h"
#include "core/error.h"
#include "core/files/complete_schema.h"
#include "core/files/yaml.h"
#include "core/io/closest_word.h"
#include "core/kinds/run_recipe.h"

namespace talweg::app {
namespace {

std::vector<std::string> kinds() {
  std::vector<std::string> kinds;
  for (const config::AnyRegistry* registry : config::Catalogue::instance().registries())
    kinds.push_back(registry->kind());
  return kinds;
}

/// The kinds that have a component of this name.
std::vector<std::string> kinds_with(const std::string& name) {
  std::vector<std::string> found;
  for (const config::AnyRegistry* registry : config::Catalogue::instance().registries())
    if (std::ranges::count(registry->names(), name) > 0) found.push_back(registry->kind());
  return found;
}

/// "optimizer.adam.beta1" for the kind optimizer and the path adam.beta1.
std::vector<std::string> names_below(const std::vector<std::string>& kinds, const std::string& path) {
  std::vector<std::string> names;
  for (const std::string& kind : kinds) names.push_back(kind + "." + path);
  return names;
}

const config::AnyRegistry& find_kind(const std::string& kind) {
  if (const config::AnyRegistry* registry = config::Catalogue::instance().find(kind)) return *registry;
  throw UsageError(fmt::format("there is no kind of component '{}'{}", kind, io::suggestion(kind, kinds())));
}

/// Names in a column that is as wide as the longest of the kind.
void print_kind(const config::AnyRegistry& registry) {
  const std::vector<std::string> names = registry.names();
  std::size_t width = 20;
  for (const std::string& name : names) width = std::max(width, name.size());
  fmt::print("{}\n", registry.kind());
  for (const std::string& name : names) fmt::print("  {:<{}}{}\n", name, width + 2, registry.describe(name).summary);
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

void print_option(const config::OptionInfo& option, int indentation) {
  const std::string value = default_text(option);
  fmt::print("\n{:{}}{}: {}{}\n{:{}}{}{}\n", "", indentation, option.name, option.type,
             value == option.type ? "" : " (" + value + ")", "", indentation + 4, option.doc,
             option.constraints.empty() ? "" : "; " + option.constraints);
  for (const config::OptionInfo& inner : option.options) print_option(inner, indentation + 6);
}

void print_component(const config::AnyRegistry& registry, const config::ComponentInfo& info) {
  fmt::print("{}.{}: {}\nSource: {}\n", registry.kind(), info.name, info.summary, info.source);
  if (!info.abilities.empty()) fmt::print("It {}.\n", fmt::join(info.abilities, "; "));
  if (info.options.empty()) fmt::print("It has no options.\n");
  for (const config::OptionInfo& option : info.options) print_option(option, 2);
}

std::vector<std::string> names_of(const std::vector<config::OptionInfo>& options) {
  std::vector<std::string> names;
  for (const config::OptionInfo& option : options) names.push_back(option.name);
  return names;
}

using Words = std::vector<std::string>;

void describe_component(const Words& words);

/// Follows words from `at` on into options that stand under `path`.
void describe_option(const std::vector<config::OptionInfo>& options, const std::string& path, const Words& words,
                     std::size_t at) {
  const auto option = std::find_if(options.begin(), options.end(),
                                   [&](const config::OptionInfo& candidate) { return candidate.name == words[at]; });
  if (option == options.end())
    throw UsageError(
        fmt::format("{} has no option '{}'{}", path, words[at], io::suggestion(words[at], names_of(options))));
  const std::string below = path + "." + words[at];
  if (at + 1 == words.size()) {
    fmt::print("{}:\n", path);
    return print_option(*option, 2);
  }
  // A component's own options are those of its kind: task.classification.model.mlp is model.mlp.
  const std::string kind = option->type.substr(0, option->type.find(','));
  if (config::Catalogue::instance().find(kind)) {
    Words rest = {kind};
    rest.insert(rest.end(), words.begin() + static_cast<std::ptrdiff_t>(at) + 1, words.end());
    return describe_component(rest);
  }
  if (option->options.empty()) throw UsageError(fmt::format("{} is no section; it has no options", below));
  describe_option(option->options, below, words, at + 1);
}

void describe_component(const Words& words) {
  const config::AnyRegistry& registry = find_kind(words.front());
  if (words.size() == 1) return print_kind(registry);
  const Words names = registry.names();
  if (std::find(names.begin(), names.end(), words[1]) == names.end())
    throw UsageError(fmt::format("there is no {} '{}'{}", registry.kind(), words[1], io::suggestion(words[1], names)));
  const config::ComponentInfo info = registry.describe(words[1]);
  if (words.size() == 2) return print_component(registry, info);
  describe_option(info.options, words[0] + "." + words[1], words, 2);
}

Words split(const std::string& path) {
  Words words(1);
  for (const char letter : path) {
    if (letter == '.')
      words.emplace_back();
    else
      words.back() += letter;
  }
  return words;
}

void print_paths(const std::vector<config::OptionInfo>& options, const std::string& path) {
  for (const config::OptionInfo& option : options) {
    fmt::print("{}{}\n", path, option.name);
    print_paths(option.options, path + option.name + ".");
  }
}

/// Everything that `describe` takes, one a line.
void print_all_paths() {
  for (const config::AnyRegistry* registry : config::Catalogue::instance().registries()) {
    fmt::print("{}\n", registry->kind());
    for (const std::string& name : registry->names()) {
      fmt::print("{}.{}\n", registry->kind(), name);
      print_paths(registry->describe(name).options, registry->kind() + "." + name + ".");
    }
  }
  std::vector<config::OptionInfo> sections = configuration_options();
  std::erase_if(sections, [](const config::OptionInfo& option) {
    return config::Catalogue::instance().find(option.name) != nullptr;
  });
  print_paths(sections, "");
}

}  // namespace

int list(const Invocation& invocation) {
  if (invocation.lists_paths) {
    print_all_paths();
  } else if (!invocation.arguments.empty()) {
    print_kind(find_kind(invocation.arguments.front()));
  } else {
    for (const config::AnyRegistry* registry : config::Catalogue::instance().registries()) print_kind(*registry);
  }
  return 0;
}

int describe(const Invocation& invocation) {
  const Words words = split(invocation.arguments.front());
  if (config::Catalogue::instance().find(words.front())) {
    describe_component(words);
    return 0;
  }
  const std::vector<config::OptionInfo> options = configuration_options();
  Words known = names_of(options);
  if (std::find(known.begin(), known.end(), words.front()) == known.end()) {
    if (const Words kinds = kinds_with(words.front()); !kinds.empty())
      throw UsageError(fmt::format("'{}' is a component; ask for {}", words.front(),
                                   fmt::join(names_below(kinds, invocation.arguments.front()), " or ")));
    for (const std::string& kind : kinds()) known.push_back(kind);
    std::sort(known.begin(), known.end());
    known.erase(std::unique(known.begin(), known.end()), known.end());
    throw UsageError(fmt::format("there is no kind of component and no section '{}'{}", words.front(),
                                 io::suggestion(words.front(), known)));
  }
  describe_option(options, "a configuration", words, 0);
  return 0;
}

int schema(const Invocation&) {
  fmt::print("{}\n", config::complete_schema(configuration_schema()).dump(1));
  return 0;
}

}  // namespace talweg::app
