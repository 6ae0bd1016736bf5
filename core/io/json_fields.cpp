#include "core/io/json_fields.h"

#include <fmt/format.h>

#include "core/error.h"

namespace talweg::io {

JsonFields::JsonFields(const nlohmann::json& value, std::string where) : value_(value), where_(std::move(where)) {
  if (!value_.is_object()) fail("it is not a JSON object");
}

bool JsonFields::has(const std::string& key) const {
  const auto found = value_.find(key);
  return found != value_.end() && !found->is_null();
}

const nlohmann::json& JsonFields::at(const std::string& key) const {
  if (!has(key)) fail(fmt::format("'{}' is missing", key));
  return value_.at(key);
}

void JsonFields::fail(const std::string& message) const {
  throw DataError(fmt::format("{}: {}", where_, message));
}

void JsonFields::fail_type(const std::string& key, const std::string& needed) const {
  fail(fmt::format("'{}' is {}, {} is needed", key, value_.at(key).type_name(), needed));
}

}  // namespace talweg::io
