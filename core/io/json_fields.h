#pragma once

#include <concepts>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "core/io/known_keys.h"

namespace talweg::io {

/// A JSON object of a file that somebody else wrote: typed look-ups that say which file and key are wrong.
class JsonFields {
 public:
  /// `where` names the object in messages, such as the file's path. `value` must outlive this. Throws DataError when it
  /// is no object.
  JsonFields(const nlohmann::json& value, std::string where);

  /// Whether there is a value; null counts as none.
  bool has(const std::string& key) const;
  /// Throws DataError when the key is missing or not of this type (whole numbers in the range of T; text; truth values;
  /// numbers; lists of these).
  template <class T>
  T get(const std::string& key) const {
    return convert<T>(at(key), key);
  }
  template <class T>
  T get_or(const std::string& key, T otherwise) const {
    return has(key) ? get<T>(key) : otherwise;
  }
  /// The object or list under a key as it is. Throws DataError when it is missing.
  const nlohmann::json& at(const std::string& key) const;
  JsonFields object(const std::string& key) const { return {at(key), where_ + ": " + key}; }

  /// Throws DataError when a member is none of the known ones and its value is not neutral.
  void require_known(const KnownKeys& known) const { require_known_keys(value_, known, where_); }

  /// Throws DataError "where: message".
  [[noreturn]] void fail(const std::string& message) const;

 private:
  template <class T>
  T convert(const nlohmann::json& value, const std::string& key) const {
    if constexpr (std::same_as<T, bool>) {
      if (!value.is_boolean()) fail_type(key, "true or false");
    } else if constexpr (std::integral<T>) {
      const bool fits = value.is_number_unsigned()
                            ? std::in_range<T>(value.get<std::uint64_t>())
                            : value.is_number_integer() && std::in_range<T>(value.get<std::int64_t>());
      if (!fits) fail_type(key, "a whole number in range");
    } else if constexpr (std::floating_point<T>) {
      if (!value.is_number()) fail_type(key, "a number");
    } else if constexpr (std::same_as<T, std::string>) {
      if (!value.is_string()) fail_type(key, "text");
    } else {
      if (!value.is_array()) fail_type(key, "a list");
      T list;
      for (const auto& element : value) list.push_back(convert<typename T::value_type>(element, key));
      return list;
    }
    return value.get<T>();
  }
  [[noreturn]] void fail_type(const std::string& key, const std::string& needed) const;

  const nlohmann::json& value_;
  std::string where_;
};

}  // namespace talweg::io
