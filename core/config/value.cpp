#include "core/config/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace talweg::config {

std::string Location::text() const {
  if (!source) return "default";
  return line > 0 ? fmt::format("{}:{}:{}", *source, line, column) : *source;
}

Value Value::null(Location where) {
  Value value;
  value.where = std::move(where);
  return value;
}

Value Value::scalar(std::string text, Location where, bool quoted) {
  Value value;
  value.kind_ = Kind::scalar;
  value.text = std::move(text);
  value.quoted = quoted;
  value.where = std::move(where);
  return value;
}

Value Value::sequence(Location where) {
  Value value;
  value.kind_ = Kind::sequence;
  value.where = std::move(where);
  return value;
}

Value Value::mapping(Location where) {
  Value value;
  value.kind_ = Kind::mapping;
  value.where = std::move(where);
  return value;
}

std::string Value::describe() const {
  switch (kind_) {
    case Kind::null:
      return "nothing";
    case Kind::sequence:
      return "a list";
    case Kind::mapping:
      return "a mapping";
    case Kind::scalar:
      break;
  }
  constexpr std::size_t longest = 60;
  return text.size() <= longest ? fmt::format("'{}'", text) : fmt::format("'{}…'", text.substr(0, longest));
}

const Value* Value::find(std::string_view key) const {
  const auto found = std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.key == key; });
  return found == members.end() ? nullptr : &found->value;
}

Value* Value::find(std::string_view key) {
  return const_cast<Value*>(std::as_const(*this).find(key));
}

void Value::set(std::string_view key, Value value) {
  if (Value* existing = find(key)) {
    *existing = std::move(value);
    return;
  }
  Location where_written = value.where;
  members.push_back({std::string(key), std::move(where_written), std::move(value)});
}

bool Value::erase(std::string_view key) {
  return std::erase_if(members, [&](const Member& m) { return m.key == key; }) > 0;
}

std::size_t Value::node_count() const {
  std::size_t count = 1;
  for (const Value& item : items) count += item.node_count();
  for (const Member& member : members) count += member.value.node_count();
  return count;
}

}  // namespace talweg::config
