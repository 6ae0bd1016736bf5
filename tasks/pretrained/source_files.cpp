#include "tasks/pretrained/source_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "core/tokenizer/read_tokenizer.h"

namespace talweg::tasks {
namespace {

bool is_of_model(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json") || name == "config.json" ||
         name == "adapter_config.json";
}

io::FileFingerprints fingerprints_of_weights(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (is_of_model(entry.path())) files.push_back(entry.path());
  if (error) throw DataError(fmt::format("cannot read the folder '{}': {}", folder.string(), error.message()));
  std::sort(files.begin(), files.end());
  io::FileFingerprints list;
  for (const std::filesystem::path& file : files) list.push_back(io::fingerprint_of(file));
  return list;
}

}  // namespace

io::FileFingerprints fingerprints_of_model(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return {io::fingerprint_of(path)};
  io::FileFingerprints list = fingerprints_of_weights(path);
  io::append(list, fingerprints_of_tokenizer(path.string()));
  return list;
}

io::FileFingerprints fingerprints_of_adapters(const std::filesystem::path& folder) {
  return fingerprints_of_weights(folder);
}

io::FileFingerprints fingerprints_of_tokenizer(const std::string& name) {
  if (name == "bytes") return {};
  return {io::fingerprint_of(tokenizer::tokenizer_file(name))};
}

}  // namespace talweg::tasks
