#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace talweg::device_double {

/// How often the host has waited for the double where it would wait for a GPU, by what made it wait.
class Waits {
 public:
  /// Forgets all.
  static void reset();
  static void add(const std::string& reason);
  static std::int64_t count();
  static std::map<std::string, std::int64_t> reasons();
};

}  // namespace talweg::device_double
