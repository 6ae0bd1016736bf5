#pragma once

#include <filesystem>
#include <string>

#include "core/config/converter.h"

namespace talweg::tasks {

/// A path that stands in a configuration file and is meant relative to it; what `--set` says is relative to where the
/// program is. After reading it is absolute, so that it means the same in the configuration of a run.
struct PathBesideFile {
  std::string path;
};

}  // namespace talweg::tasks

namespace talweg::config {

template <>
struct Converter<tasks::PathBesideFile> {
  static std::string type() { return "path"; }
  static bool parse(const Value& value, tasks::PathBesideFile& target, Diagnostics& diagnostics,
                    const std::string& name) {
    if (!Converter<std::string>::parse(value, target.path, diagnostics, name)) return false;
    std::filesystem::path path = target.path;
    const bool in_file = value.where.line > 0 && value.where.source;
    if (path.is_relative() && in_file) path = std::filesystem::path(*value.where.source).parent_path() / path;
    target.path = std::filesystem::absolute(path).lexically_normal().string();
    return true;
  }
  static Value dump(const tasks::PathBesideFile& value) { return Converter<std::string>::dump(value.path); }
  static nlohmann::json schema() { return {{"type", "string"}}; }
};

}  // namespace talweg::config
