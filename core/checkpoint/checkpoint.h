#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint/safetensors.h"

namespace talweg::checkpoint {

/// The state of a run at one step: groups of tensors ("model", "optimizer", "average"), each one safetensors file, and
/// everything small as JSON.
struct Checkpoint {
  std::int64_t step = 0;
  std::map<std::string, NamedTensors> tensors;
  std::map<std::string, nlohmann::json> values;
};

/// A checkpoint that cannot be used, and why, as a sentence that names the file.
struct DamagedCheckpoint {
  std::filesystem::path path;
  std::string reason;
};

/// The checkpoint to continue from, and what stood before it.
struct FoundCheckpoint {
  std::optional<Checkpoint> newest;        ///< the newest that is whole
  std::vector<DamagedCheckpoint> damaged;  ///< those that are newer, newest first
};

/// The checkpoints of a run: folders `step-00001000` below `folder`, written aside, fsynced and renamed, so that a
/// folder under its final name is whole; sizes and CRC-32C sums are checked again when it is read.
class CheckpointFolder {
 public:
  /// `prefix` distinguishes series in the same folder ("step", "best").
  CheckpointFolder(std::filesystem::path folder, std::string prefix);

  /// Writes the checkpoint, then removes of the series what is older than the `keep` newest up to this one: those of
  /// later steps belong to another timeline and are left alone. Throws SystemError; whatever was whole before is whole
  /// afterwards, and nothing half-written stays.
  void save(const Checkpoint& checkpoint, std::int64_t keep) const;

  /// Looks for the newest checkpoint that is whole. Throws SystemError when the folder or a file in it cannot be read,
  /// which is no damage; a folder that is not there holds none.
  FoundCheckpoint find_newest() const;

  /// The newest checkpoint that is whole, or nothing. `warn` is told, in a sentence, of each one passed over.
  std::optional<Checkpoint> load_newest(const std::function<void(const std::string&)>& warn) const;

  /// Reads one checkpoint folder. Throws DataError naming the file that is missing or damaged, SystemError naming the
  /// one that cannot be read.
  static Checkpoint load(const std::filesystem::path& path);

  /// The folders of the series, oldest first. Throws SystemError when the folder of the series cannot be read.
  std::vector<std::filesystem::path> list() const;
  /// Those of steps after `step`, oldest first.
  std::vector<std::filesystem::path> list_after(std::int64_t step) const;
  /// The step of the last folder, whole or not; 0 where there is none.
  std::int64_t last_step() const;

 private:
  std::filesystem::path folder_;
  std::string prefix_;
};

}  // namespace talweg::checkpoint
