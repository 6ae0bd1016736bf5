#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "core/checkpoint/safetensors.h"
#include "core/weights/name_table.h"

namespace talweg::weights {

using checkpoint::NamedTensors;

/// A model in the folder layout of the Hugging Face library: config.json, and model.safetensors or
/// model.safetensors.index.json with its shards. The tensors are memory maps: nothing is copied until it is used.
class ModelFolder {
 public:
  /// Throws DataError naming the file and what is wrong: a file is missing or damaged, the index names a shard outside
  /// the folder, a tensor that its shard lacks, or leaves one out.
  explicit ModelFolder(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  /// config.json
  const nlohmann::json& config() const { return config_; }
  /// By the names of the files, sorted.
  const std::map<std::string, at::Tensor>& tensors() const { return tensors_; }
  /// The type of most numbers, when it is float32, bfloat16 or float16; float32 otherwise.
  at::ScalarType number_type() const;
  /// The tensors for load_tensors(); valid as long as the folder is.
  TensorSource source() const;

 private:
  void read_shards(const std::filesystem::path& index);

  std::filesystem::path path_;
  nlohmann::json config_;
  std::map<std::string, at::Tensor> tensors_;
};

/// The type of most numbers of a model, when it is one that models are written in (float32, bfloat16, float16); float32
/// otherwise.
at::ScalarType usual_type(const std::map<at::ScalarType, std::int64_t>& numbers);

/// Contents of a model folder that is to be written.
struct ModelFolderContent {
  nlohmann::json config;
  NamedTensors tensors;                           ///< under the names of the Hugging Face library
  std::map<std::string, std::string> files = {};  ///< further files by name (tokenizer.json …) with their bytes
  std::uint64_t shard_bytes = 5'000'000'000;      ///< a file of tensors is not larger, unless one tensor is
};

/// Converts the tensors to a type, and says so in the configuration ("dtype"). Throws c10::ValueError for a type other
/// than float32, bfloat16 and float16.
void set_number_type(ModelFolderContent& content, at::ScalarType type);

/// Writes a model folder that the Hugging Face library opens. An earlier model folder of this name is replaced in one
/// step, after all is written and synced: a full disk or a crash leaves it whole. Throws SystemError; ConfigError when
/// there is something at `path` that is not a model folder and would be lost.
void write_model_folder(const std::filesystem::path& path, const ModelFolderContent& content);

}  // namespace talweg::weights
