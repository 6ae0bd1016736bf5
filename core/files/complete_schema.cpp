#include "core/files/complete_schema.h"

#include <string>
#include <utility>
#include <vector>

#include "core/config/catalogue.h"
#include "core/config/converter.h"
#include "core/config/schema.h"
#include "core/files/sweep.h"

namespace talweg::config {

nlohmann::json complete_schema(nlohmann::json top_level) {
  using nlohmann::json;
  json schema = std::move(top_level);
  schema["$schema"] = "http://json-schema.org/draft-07/schema#";
  schema["title"] = "Talweg configuration";
  schema["properties"]["extends"] = {
      {"description", "files, relative to this one, whose settings this file takes over and changes"},
      {"type", {"string", "array"}},
      {"items", {{"type", "string"}}}};
  HalvingOptions halving;
  const json range = {
      {"type", "object"},
      {"properties",
       {{"from", {{"type", "number"}}}, {"to", {{"type", "number"}}}, {"scale", {{"enum", {"linear", "log"}}}}}},
      {"required", {"from", "to"}},
      {"additionalProperties", false}};
  schema["properties"]["sweep"] = {
      {"description",
       "dotted keys, each with the list of values to try: one run per combination; or 'draw' of them, from lists and "
       "ranges"},
      {"type", "object"},
      {"properties",
       {{"draw",
         {{"type", "integer"}, {"minimum", 1}, {"description", "how many points are drawn, in place of the grid"}}},
        {"halving", fields_of(halving).schema()}}},
      {"additionalProperties",
       {{"if", {{"type", "object"}}}, {"then", range}, {"else", {{"type", "array"}, {"minItems", 1}}}}}};
  json definitions = json::object();
  for (const AnyRegistry* registry : Catalogue::instance().registries()) {
    std::vector<std::pair<std::string, json>> components;
    for (const std::string& name : registry->names()) {
      ComponentInfo info = registry->describe(name);
      info.schema["description"] = info.summary;
      components.emplace_back(name, std::move(info.schema));
    }
    definitions[registry->kind()] = component_schema(components);
  }
  schema["definitions"] = definitions;
  return schema;
}

}  // namespace talweg::config
