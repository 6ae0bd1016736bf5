#include "core/config/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/config/schema.h"
#include "core/config/unknown_key.h"

namespace talweg::config {

void Fields::parse(const Value& mapping, Diagnostics& diagnostics, const std::vector<std::string>& allowed) const {
  const Diagnostics::Section section(diagnostics, *this);
  for (const Member& member : mapping.members) {
    const auto field =
        std::find_if(fields_.begin(), fields_.end(), [&](const Field& f) { return f.name == member.key; });
    if (field != fields_.end()) {
      diagnostics.reads(member.key);
      field->parse(member.value, diagnostics);
    } else if (std::find(allowed.begin(), allowed.end(), member.key) == allowed.end()) {
      diagnostics.error(member.where, fmt::format("unknown key '{}'{}", member.key,
                                                  hint_for_unknown_key(member.key, diagnostics.sections())));
    }
  }
  for (const Field& field : fields_) {
    if (field.required && !mapping.find(field.name))
      diagnostics.error(mapping.where, fmt::format("'{}' is missing: {}", field.name, field.doc));
  }
}

Value Fields::dump() const {
  Value mapping = Value::mapping();
  for (const Field& field : fields_) mapping.set(field.name, field.dump());
  return mapping;
}

std::vector<OptionInfo> describe(const Fields& fields) {
  std::vector<OptionInfo> options;
  for (const Field& field : fields.list())
    options.push_back(
        {field.name, field.type, field.doc, field.constraints, field.required, field.dump(), field.options()});
  return options;
}

nlohmann::json Fields::schema(const std::string& type_name) const {
  nlohmann::json properties = nlohmann::json::object();
  nlohmann::json required = nlohmann::json::array();
  if (!type_name.empty()) {
    properties["type"] = {{"const", type_name}};
    required.push_back("type");
  }
  for (const Field& field : fields_) {
    nlohmann::json schema = field.schema();
    schema["description"] = field.doc;
    properties[field.name] = std::move(schema);
    if (field.required) required.push_back(field.name);
  }
  nlohmann::json object = {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
  if (!required.empty()) object["required"] = required;
  return object;
}

bool read_scalar(const Value& value, bool& target) {
  if (value.quoted) return false;
  for (const char* word : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
    if (value.text == word) return target = true, true;
  for (const char* word : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
    if (value.text == word) return target = false, true;
  return false;
}

namespace {

/// Digits may be grouped with underscores, and a sign may lead.
std::string plain_digits(const std::string& text) {
  std::string digits = text;
  std::erase(digits, '_');
  if (digits.starts_with('+')) digits.erase(0, 1);
  return digits;
}

}  // namespace

bool read_scalar(const Value& value, double& target) {
  if (value.quoted) return false;
  const std::string text = plain_digits(value.text);
  for (const char* word : {".inf", "inf"})
    if (text == word) return target = std::numeric_limits<double>::infinity(), true;
  for (const char* word : {"-.inf", "-inf"})
    if (text == word) return target = -std::numeric_limits<double>::infinity(), true;
  double number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return false;
  target = number;
  return true;
}

bool read_scalar(const Value& value, std::int64_t& target) {
  if (value.quoted) return false;
  const std::string text = plain_digits(value.text);
  std::int64_t integer = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (status == std::errc() && end == text.data() + text.size()) return target = integer, true;
  double number = 0;
  if (!read_scalar(value, number) || number != std::floor(number) || std::abs(number) > 9e15) return false;
  target = static_cast<std::int64_t>(number);
  return true;
}

bool read_scalar(const Value& value, std::string& target) {
  target = value.text;
  return true;
}

std::string number_text(double value) {
  if (std::isinf(value)) return value > 0 ? ".inf" : "-.inf";
  return fmt::format("{}", value);
}

namespace detail {

std::string bound_text(const constraints::Bound& bound) {
  constexpr const char* words[] = {"at least", "above", "at most", "below"};
  return fmt::format("{} {}", words[static_cast<int>(bound.kind)], number_text(bound.limit));
}

void bound_schema(const constraints::Bound& bound, nlohmann::json& schema) {
  constexpr const char* keywords[] = {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"};
  // JSON has no infinity.
  if (std::isfinite(bound.limit)) limit_numbers(schema, keywords[static_cast<int>(bound.kind)], bound.limit);
}

}  // namespace detail
}  // namespace talweg::config
