#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/io/output_file.h"

namespace talweg::tasks {

/// Every value that an oracle answered, in a file of the run: a line of JSON each, with a CRC-32C, written before the
/// value is used. A run that goes on reads them and asks nothing twice. A last line that a kill cut short is removed.
class EvaluationLog {
 public:
  /// Opens the log of variables of these names, or begins one. Throws DataError naming a line that is damaged.
  EvaluationLog(const std::filesystem::path& file, std::vector<std::string> names);

  /// The value of an observation that was made; infinite and NaN ones too.
  std::optional<double> find(const double* x, std::uint64_t seed) const;
  /// Adds an observation. It is with the operating system when this returns.
  void add(const double* x, std::uint64_t seed, double value);
  std::size_t size() const { return values_.size(); }

 private:
  std::string key(const double* x, std::uint64_t seed) const;
  void read_line(std::string_view line, const std::string& place);

  std::vector<std::string> names_;
  std::unordered_map<std::string, double> values_;
  std::optional<io::OutputFile> file_;
};

}  // namespace talweg::tasks
