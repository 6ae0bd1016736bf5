#include "core/io/known_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace talweg::io {
namespace {

using nlohmann::json;

bool names(const std::vector<std::string>& list, const std::string& key) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& known) {
    return known.ends_with('*') ? key.starts_with(known.substr(0, known.size() - 1)) : key == known;
  });
}

/// Whether a value says that something is not there.
bool is_nothing(const json& value) {
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number()) return value.get<double>() == 0;
  if (value.is_string()) return value.get_ref<const std::string&>().empty();
  return value.empty();
}

std::string shortened(const json& value) {
  constexpr std::size_t most = 80;
  const std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() <= most ? text : text.substr(0, most) + "…";
}

}  // namespace

KnownKeys KnownKeys::with(const KnownKeys& further) const {
  KnownKeys all = *this;
  const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  append(all.honoured, further.honoured);
  append(all.harmless, further.harmless);
  append(all.neutral, further.neutral);
  append(all.needs, further.needs);
  return all;
}

void require_known_key(const std::string& key, const json& value, const KnownKeys& known, const std::string& where) {
  if (value.is_null() || names(known.honoured, key) || names(known.harmless, key)) return;
  bool listed = false;
  for (const auto& [name, neutral] : known.neutral) {
    if (name != key) continue;
    if (neutral == value) return;
    listed = true;
  }
  if (!listed && is_nothing(value)) return;
  const std::string what = fmt::format("{}: '{}' is {}", where, key.substr(0, 100), shortened(value));
  for (const auto& [name, needed] : known.needs)
    if (name == key) throw DataError(fmt::format("{}: it needs {}, which is not supported", what, needed));
  throw DataError(
      fmt::format("{}, and nothing here knows what that asks for: read without it, the file could mean something else. "
                  "If it changes nothing that is computed, take it out of the file",
                  what));
}

void require_known_keys(const json& object, const KnownKeys& known, const std::string& where) {
  if (!object.is_object()) return;
  for (const auto& [key, value] : object.items()) require_known_key(key, value, known, where);
}

}  // namespace talweg::io
