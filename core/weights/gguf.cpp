#include "core/weights/gguf.h"

#include <fmt/format.h>

#include <cstring>

#include "core/config/diagnostics.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "core/weights/gguf_header.h"

namespace talweg::weights {

GgufFile::GgufFile(const std::filesystem::path& path) : path_(path), file_(std::make_shared<io::MappedFile>(path)) {
  GgufHeader header = read_gguf_header(file_->bytes(), path.string());
  metadata_ = std::move(header.metadata);
  for (GgufHeader::Entry& entry : header.entries) {
    index_[entry.name] = tensors_.size();
    tensors_.push_back({std::move(entry.name), entry.format, std::move(entry.shape),
                        file_->bytes().substr(entry.begin, entry.end - entry.begin)});
  }
}

const nlohmann::json& GgufFile::value(const std::string& key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) throw DataError(fmt::format("{}: the key '{}' is missing", path_.string(), key));
  return found->second;
}

void GgufFile::fail_type(const std::string& key) const {
  throw DataError(fmt::format("{}: the key '{}' is {}, which is not what is needed here", path_.string(), key,
                              metadata_.at(key).type_name()));
}

const GgufTensor& GgufFile::describe(const std::string& name) const {
  const auto found = index_.find(name);
  if (found == index_.end())
    throw DataError(fmt::format("{}: there is no tensor '{}' among its {}", path_.string(), name, tensors_.size()));
  return tensors_[found->second];
}

at::Tensor GgufFile::tensor(const std::string& name) const {
  const GgufTensor& stored = describe(name);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(stored.bytes.data());
  if (!stored.format->unpack) {
    constexpr at::ScalarType integers[] = {at::kChar, at::kShort, at::kInt, at::kLong};
    at::Tensor result = at::empty(stored.shape, integers[stored.format->id - 24]);
    if (!stored.bytes.empty()) std::memcpy(result.mutable_data_ptr(), bytes, stored.bytes.size());
    return result;
  }
  at::Tensor result = at::empty(stored.shape, at::kFloat);
  stored.format->unpack(bytes, result.numel() / stored.format->values, result.mutable_data_ptr<float>());
  return result;
}

}  // namespace talweg::weights
