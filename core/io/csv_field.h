#pragma once

#include <string>

namespace talweg::io {

/// Text as a field of comma-separated values: in quotes, its own doubled, where it holds a comma, a quote or the end of
/// a line. Source: RFC 4180.
inline std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) quoted.append(letter == '"' ? 2 : 1, letter);
  return quoted + '"';
}

}  // namespace talweg::io
