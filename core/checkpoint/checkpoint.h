#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/checkpoint/safetensors.h"

namespace talweg::checkpoint {

/// The state of a run at one step: groups of tensors ("model", "optimizer", "average"), each one safetensors file, and
/// everything small as JSON.
struct Checkpoint {
  std::int64_t step = 0;
  std::map<std::string, NamedTensors> tensors;
  std::map<std::string, nlohmann::json> values;
};

/// The checkpoints of a run: folders `step-00001000` below `folder`, written aside, fsynced and renamed, so that a
/// folder under its final name is whole; sizes and CRC-32C sums are checked again when it is read.
class CheckpointFolder {
 public:
  /// `prefix` distinguishes series in the same folder ("step", "best").
  CheckpointFolder(std::filesystem::path folder, std::string prefix);

  /// Writes the checkpoint, then removes all but the newest `keep` of the series. Throws SystemError; whatever was
  /// whole before is whole afterwards, and nothing half-written stays.
  void save(const Checkpoint& checkpoint, std::int64_t keep) const;

  /// The newest checkpoint that is whole, or nothing. `warn` is told, in a sentence, of each one passed over.
  std::optional<Checkpoint> load_newest(const std::function<void(const std::string&)>& warn) const;

  /// Reads one checkpoint folder. Throws DataError naming the file that is missing or damaged.
  static Checkpoint load(const std::filesystem::path& path);

  /// The folders of the series, oldest first.
  std::vector<std::filesystem::path> list() const;

 private:
  std::filesystem::path folder_;
  std::string prefix_;
};

}  // namespace talweg::checkpoint
