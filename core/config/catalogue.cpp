#include "core/config/catalogue.h"

#include <algorithm>

namespace talweg::config {

Catalogue& Catalogue::instance() {
  static Catalogue catalogue;
  return catalogue;
}

void Catalogue::add(const AnyRegistry* registry) {
  registries_.push_back(registry);
  std::sort(registries_.begin(), registries_.end(),
            [](const AnyRegistry* a, const AnyRegistry* b) { return a->kind() < b->kind(); });
}

const AnyRegistry* Catalogue::find(const std::string& kind) const {
  for (const AnyRegistry* registry : registries_)
    if (registry->kind() == kind) return registry;
  return nullptr;
}

std::string other_kinds_of(const std::string& name, const std::string& kind) {
  std::string others;
  for (const AnyRegistry* registry : Catalogue::instance().registries()) {
    const std::vector<std::string> names = registry->names();
    if (registry->kind() != kind && std::find(names.begin(), names.end(), name) != names.end())
      others += (others.empty() ? "; there is a " : ", a ") + registry->kind() + " of that name";
  }
  return others;
}

nlohmann::json complete_schema(nlohmann::json top_level) {
  using nlohmann::json;
  json schema = std::move(top_level);
  schema["$schema"] = "http://json-schema.org/draft-07/schema#";
  schema["title"] = "Talweg configuration";
  schema["properties"]["extends"] = {
      {"description", "files, relative to this one, whose settings this file takes over and changes"},
      {"anyOf", {{{"type", "string"}}, {{"type", "array"}, {"items", {{"type", "string"}}}}}}};
  schema["properties"]["sweep"] = {
      {"description", "a grid: dotted keys, each with the list of values to try; one run per combination"},
      {"type", "object"},
      {"additionalProperties", {{"type", "array"}, {"minItems", 1}}}};
  json definitions = json::object();
  for (const AnyRegistry* registry : Catalogue::instance().registries()) {
    json one_of = json::array();
    json names = json::array();
    for (const std::string& name : registry->names()) {
      ComponentInfo info = registry->describe(name);
      info.schema["description"] = info.summary;
      one_of.push_back(info.schema);
      names.push_back(name);
    }
    // The bare name stands for the component with its defaults.
    one_of.push_back({{"enum", names}});
    definitions[registry->kind()] = {{"anyOf", one_of}};
  }
  schema["definitions"] = definitions;
  return schema;
}

}  // namespace talweg::config
