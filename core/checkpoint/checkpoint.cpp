#include "core/checkpoint/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/io/crc32c.h"
#include "core/io/folder.h"
#include "core/io/mapped_file.h"
#include "core/io/output_file.h"

namespace talweg::checkpoint {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kState = "state.json";
constexpr const char* kAside = ".writing-";

/// Removes a folder of the series so that a crash in between leaves no folder that looks whole.
void remove_folder(const fs::path& path) {
  std::error_code ignored;
  const fs::path aside = path.parent_path() / (kAside + std::string("removed-") + path.filename().string());
  fs::rename(path, aside, ignored);
  fs::remove_all(ignored ? path : aside, ignored);
}

}  // namespace

CheckpointFolder::CheckpointFolder(fs::path folder, std::string prefix)
    : folder_(std::move(folder)), prefix_(std::move(prefix)) {}

std::vector<fs::path> CheckpointFolder::list() const {
  std::vector<fs::path> paths;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
    const std::string name = entry.path().filename().string();
    const bool digits = name.size() > prefix_.size() + 1 && name.starts_with(prefix_ + "-") &&
                        name.find_first_not_of("0123456789", prefix_.size() + 1) == std::string::npos;
    if (digits && entry.is_directory(ignored)) paths.push_back(entry.path());
  }
  // Steps are padded to eight digits; longer ones sort behind them.
  std::sort(paths.begin(), paths.end(), [](const fs::path& a, const fs::path& b) {
    const std::string x = a.filename().string(), y = b.filename().string();
    return x.size() != y.size() ? x.size() < y.size() : x < y;
  });
  return paths;
}

void CheckpointFolder::save(const Checkpoint& checkpoint, std::int64_t keep) const {
  const std::string name = fmt::format("{}-{:08}", prefix_, checkpoint.step);
  const fs::path aside = folder_ / (kAside + name);
  const fs::path path = folder_ / name;
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw io::file_error("create", folder_, error.value());
  fs::remove_all(aside, error);
  fs::create_directory(aside, error);
  if (error) throw io::file_error("create", aside, error.value());
  try {
    json state = {{"format", 1}, {"step", checkpoint.step}, {"values", checkpoint.values}, {"files", json::object()}};
    for (const auto& [group, tensors] : checkpoint.tensors) {
      const std::string file = group + ".safetensors";
      const FileSummary summary = write_safetensors(aside / file, tensors);
      state["files"][file] = {{"bytes", summary.bytes}, {"crc32c", summary.crc32c}};
    }
    io::OutputFile file(aside / kState, io::OpenMode::create_new);
    const std::string text = state.dump(1);
    file.write(text);
    // The sum of the state itself stands in its last line.
    file.write(fmt::format("\n{}\n", io::crc32c(text)));
    file.sync();
    file.close();
    io::sync_folder(aside);
    if (fs::exists(path)) remove_folder(path);
    fs::rename(aside, path, error);
    if (error) throw io::file_error("rename", aside, error.value());
    io::sync_folder(folder_);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(aside, ignored);
    throw;
  }
  std::vector<fs::path> paths = list();
  for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < paths.size(); ++i) remove_folder(paths[i]);
}

std::optional<Checkpoint> CheckpointFolder::load_newest(const std::function<void(const std::string&)>& warn) const {
  std::vector<fs::path> paths = list();
  for (auto path = paths.rbegin(); path != paths.rend(); ++path) {
    try {
      return load(*path);
    } catch (const Error& error) {
      warn(fmt::format("passing over the checkpoint {}: {}", path->string(), error.what()));
    }
  }
  return std::nullopt;
}

Checkpoint CheckpointFolder::load(const fs::path& path) {
  const std::string text = io::read_whole_file(path / kState);
  const auto damaged = [&](const fs::path& file, const std::string& what) {
    return DataError(fmt::format("{}: {}", (path / file).string(), what));
  };
  const std::size_t end = text.size() < 2 ? std::string::npos : text.rfind('\n', text.size() - 2);
  if (end == std::string::npos ||
      text.substr(end + 1) != fmt::format("{}\n", io::crc32c(std::string_view(text).substr(0, end))))
    throw damaged(kState, "damaged (its checksum does not fit)");
  const json state = json::parse(text.substr(0, end), nullptr, false);
  if (!state.is_object() || state.value("format", 0) != 1)
    throw damaged(kState, "written by another version of the program (format 1 was expected)");

  Checkpoint checkpoint;
  checkpoint.step = state.at("step").get<std::int64_t>();
  for (const auto& [name, value] : state.at("values").items()) checkpoint.values[name] = value;
  for (const auto& [file, summary] : state.at("files").items()) {
    {
      const io::MappedFile mapped(path / file);
      if (mapped.bytes().size() != summary.at("bytes").get<std::uint64_t>())
        throw damaged(file, fmt::format("has {} bytes, {} were written", mapped.bytes().size(),
                                        summary.at("bytes").get<std::uint64_t>()));
      if (io::crc32c(mapped.bytes()) != summary.at("crc32c").get<std::uint32_t>())
        throw damaged(file, "damaged (its checksum does not fit)");
    }
    checkpoint.tensors[fs::path(file).stem().string()] = read_safetensors(path / file).tensors;
  }
  return checkpoint;
}

}  // namespace talweg::checkpoint
