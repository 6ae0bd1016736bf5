#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/io/mapped_file.h"
#include "core/weights/quantized_blocks.h"

namespace talweg::weights {

/// One tensor of a GGUF file as it lies there.
struct GgufTensor {
  std::string name;
  const BlockFormat* format;
  std::vector<std::int64_t> shape;  ///< as LibTorch counts: the last dimension is contiguous and made of whole blocks
  std::string_view bytes;           ///< its blocks, in the file's memory map; lives as long as the GgufFile
};

/// A GGUF file (versions 2 and 3, little-endian) under a memory map: metadata, and tensors that are read when asked
/// for. The file is checked before it is believed: counts and lengths against the bytes that are left, shapes without
/// overflow, formats, alignment, tensors inside the file and apart from each other. Nothing is allocated on the word of
/// a number in the file. Source: the format's description in ggml's `docs/gguf.md`.
class GgufFile {
 public:
  /// Throws DataError naming the file, what is wrong and at which byte.
  explicit GgufFile(const std::filesystem::path& path);

  /// Keys such as "llama.block_count" with numbers, truth values, text (bytes as they are) or lists of these.
  const std::map<std::string, nlohmann::json>& metadata() const { return metadata_; }
  bool has(const std::string& key) const { return metadata_.count(key) > 0; }
  /// The value of a key as T (std::int64_t, double, bool, std::string or a vector of these).
  /// Throws DataError naming the file and the key when it is missing or of another type.
  template <class T>
  T get(const std::string& key) const {
    try {
      return value(key).get<T>();
    } catch (const nlohmann::json::exception&) {
      fail_type(key);
    }
  }
  /// The value of a key as a T, or `otherwise` when the key is missing.
  template <class T>
  T get_or(const std::string& key, T otherwise) const {
    return has(key) ? get<T>(key) : otherwise;
  }

  /// In the order of the file's list.
  const std::vector<GgufTensor>& tensors() const { return tensors_; }
  bool has_tensor(const std::string& name) const { return index_.count(name) > 0; }
  /// Throws DataError when there is no tensor of this name.
  const GgufTensor& describe(const std::string& name) const;
  /// The numbers as a new tensor on the CPU: float32 for F32 … Q6_K, the integer type for I8 … I64.
  at::Tensor tensor(const std::string& name) const;

  const std::filesystem::path& path() const { return path_; }

 private:
  const nlohmann::json& value(const std::string& key) const;
  [[noreturn]] void fail_type(const std::string& key) const;

  std::filesystem::path path_;
  std::shared_ptr<io::MappedFile> file_;
  std::map<std::string, nlohmann::json> metadata_;
  std::vector<GgufTensor> tensors_;
  std::map<std::string, std::size_t> index_;
};

}  // namespace talweg::weights
