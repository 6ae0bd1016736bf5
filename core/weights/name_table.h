#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/checkpoint/safetensors.h"

namespace talweg::weights {

using checkpoint::NamedTensors;

/// How a tensor changes between a file and a module, such as the order of its rows. Null: as it is.
using TensorMap = std::function<at::Tensor(const at::Tensor&)>;

/// One line of a table of names. `{}` stands for a number, the same one in both names: "layers.{}.query.weight".
struct NameRule {
  std::string ours;
  std::string theirs;
  TensorMap read = nullptr;   ///< file to module
  TensorMap write = nullptr;  ///< module to file; the inverse of `read`
};

/// The names and layouts of a module's tensors beside those of a file format.
class NameTable {
 public:
  /// `ignored`: patterns of tensors in files that the module has no use for (buffers that are computed, unused heads).
  explicit NameTable(std::vector<NameRule> rules, std::vector<std::string> ignored = {});

  struct Renamed {
    std::string name;
    const NameRule* rule;
  };
  /// The module's name of a file's tensor, or the other way round; nothing when no rule fits.
  std::optional<Renamed> to_ours(const std::string& theirs) const;
  std::optional<Renamed> to_theirs(const std::string& ours) const;
  bool is_ignored(const std::string& theirs) const;

 private:
  std::vector<NameRule> rules_;
  std::vector<std::string> ignored_;
};

/// Tensors by name that can be read one at a time: a model folder, a GGUF file.
struct TensorSource {
  std::string where;  ///< for messages
  std::vector<std::string> names;
  std::function<at::Tensor(const std::string&)> read;
};

/// Tensors that did not fit when a file was loaded. Names of ours for `missing`, of the file for the others.
struct LoadReport {
  std::vector<std::string> missing;
  std::vector<std::string> unexpected;
  std::vector<std::string> mis_shaped;  ///< "name: the file has [2, 3], the model needs [3, 3]"
};

/// Copies every tensor of the source into the parameter or buffer of its name (converted to its type and device).
/// Targets that the file lacks keep their values. Nothing is thrown for what does not fit; see `require_complete`.
LoadReport load_tensors(const TensorSource& source, const NameTable& table, const NamedTensors& targets);

/// Throws DataError that lists what was missing, unexpected and mis-shaped by name. Missing targets that start with one
/// of `may_be_missing` are passed over (a new head).
void require_complete(const LoadReport& report, const std::string& where,
                      std::span<const std::string> may_be_missing = {});

/// The module's tensors under the file's names and in its layout. Throws c10::ValueError for a name that no rule has.
NamedTensors to_file_layout(const NameTable& table, const NamedTensors& tensors);

}  // namespace talweg::weights
