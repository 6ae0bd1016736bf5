#pragma once

#include <string>
#include <string_view>

#include "core/config/value.h"

namespace talweg::config {

/// Bounds that a configuration written by a person never reaches; a hostile one is refused at them.
struct YamlLimits {
  std::size_t bytes = 4 << 20;
  std::size_t nodes = 200'000;  ///< after aliases are expanded
  int depth = 64;
};

/// Reads one YAML document. `name` stands for the file in error messages.
/// Throws ConfigError with file:line:column for anything that is not one well-formed UTF-8 YAML document
/// within the limits: syntax, tabs as indentation, duplicate keys, unknown aliases, several documents, no content.
Value parse_yaml(std::string_view text, const std::string& name, const YamlLimits& limits = {});

/// Reads a file with parse_yaml. Throws ConfigError when it is missing, a directory or too large.
Value read_yaml_file(const std::string& path, const YamlLimits& limits = {});

/// Writes a value as a YAML document that parse_yaml reads back to an equal tree.
std::string to_yaml(const Value& value);

}  // namespace talweg::config
