#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace talweg::io {

/// The members that a reader knows of an object that somebody else wrote. A member that is in none of its lists may
/// change what the file means, so that reading on without it would give wrong numbers without a word.
struct KnownKeys {
  /// Members that the reader takes into account, or refuses itself.
  std::vector<std::string> honoured;
  /// Members that change nothing that is computed here, whatever they say. "quantize.*" stands for every name that
  /// begins so.
  std::vector<std::string> harmless = {};
  /// Members with the values under which they change nothing; null always is one. Of members that are not listed here
  /// false, 0, "" and an empty list or object are.
  std::vector<std::pair<std::string, nlohmann::json>> neutral = {};
  /// The need of a file with this member: the end of "'KEY' is VALUE: it needs …".
  std::vector<std::pair<std::string, std::string>> needs = {};

  /// These and further ones.
  KnownKeys with(const KnownKeys& further) const;
};

/// Throws DataError "where: 'KEY' is VALUE: …" when a member is none of the known ones and its value is not neutral.
void require_known_key(const std::string& key, const nlohmann::json& value, const KnownKeys& known,
                       const std::string& where);

/// Asks require_known_key() about all members of an object; other values have none.
void require_known_keys(const nlohmann::json& object, const KnownKeys& known, const std::string& where);

}  // namespace talweg::io
