#pragma once

#include <fstream>
#include <string>

namespace talweg {

/// A size of this process from /proc/self/status, in MiB: "VmRSS" in use, "VmHWM" its peak; 0 where there is none. Of
/// this process alone: what getrusage returns begins with the peak of the process that started it.
inline double status_mebibytes(const std::string& key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key + ":")) return std::stod(line.substr(key.size() + 1)) / 1024;
  return 0;
}

}  // namespace talweg
