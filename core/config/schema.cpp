#include "core/config/schema.h"

#include <set>

namespace talweg::config {
namespace {

using nlohmann::json;

/// Options of any of the components: what may be said without naming one.
json options_of_any(const std::vector<std::pair<std::string, json>>& components) {
  json properties = json::object();
  std::set<std::string> ambiguous;
  for (const auto& [component, schema] : components) {
    for (const auto& [name, option] : schema.at("properties").items()) {
      if (name == "type") continue;
      if (properties.contains(name) && properties.at(name) != option) ambiguous.insert(name);
      properties[name] = option;
    }
  }
  for (const std::string& name : ambiguous) properties[name] = true;
  return {{"properties", properties}, {"additionalProperties", false}};
}

}  // namespace

json nullable_schema(json schema) {
  if (!schema.contains("type") && !schema.contains("enum")) return {{"if", {{"type", "null"}}}, {"else", schema}};
  if (schema.contains("enum")) schema["enum"].push_back(nullptr);
  if (schema.contains("type")) {
    json types = schema.at("type").is_array() ? schema.at("type") : json::array({schema.at("type")});
    types.push_back("null");
    schema["type"] = types;
  }
  return schema;
}

json list_schema(const json& item) {
  return {{"if", {{"type", "array"}}}, {"then", {{"items", item}}}, {"else", nullable_schema(item)}};
}

json component_schema(const std::vector<std::pair<std::string, json>>& components) {
  json names = json::array(), choices = json::array();
  for (const auto& [name, schema] : components) {
    names.push_back(name);
    choices.push_back(
        {{"if", {{"required", {"type"}}, {"properties", {{"type", {{"const", name}}}}}}}, {"then", schema}});
  }
  choices.push_back({{"if", {{"not", {{"required", {"type"}}}}}}, {"then", options_of_any(components)}});
  const json mapping = {{"properties", {{"type", {{"enum", names}}}}}, {"allOf", choices}};
  return {{"type", {"string", "object", "null"}},
          {"if", {{"type", "object"}}},
          {"then", mapping},
          {"else", {{"if", {{"type", "string"}}}, {"then", {{"enum", names}}}}}};
}

void limit_numbers(json& schema, const std::string& keyword, double limit) {
  if (schema.contains("type")) {
    schema[keyword] = limit;
    return;
  }
  if (schema.contains("then") && schema.at("then").contains("items"))
    limit_numbers(schema.at("then").at("items"), keyword, limit);
  if (schema.contains("else")) limit_numbers(schema.at("else"), keyword, limit);
}

std::vector<const json*> alternatives_of(const json& schema) {
  std::vector<const json*> all = {&schema};
  const auto add = [&](const json& below) {
    for (const json* one : alternatives_of(below)) all.push_back(one);
  };
  for (const char* keyword : {"items", "then", "else"})
    if (const auto below = schema.find(keyword); below != schema.end()) add(*below);
  if (const auto choices = schema.find("allOf"); choices != schema.end())
    for (const json& choice : *choices) add(choice);
  return all;
}

}  // namespace talweg::config
