#include "core/checkpoint/checkpoint.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

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

/// Whether the folder `a` of a series is of a later step than `b`: steps are padded to eight digits, longer ones sort
/// behind them.
bool is_later(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() > b.size() : a > b;
}

/// What the state file says, whose checksum fits. Throws json::exception where it is not what save() writes.
Checkpoint read_state(const json& state) {
  Checkpoint checkpoint;
  checkpoint.step = state.at("step").get<std::int64_t>();
  for (const auto& [name, value] : state.at("values").items()) checkpoint.values[name] = value;
  return checkpoint;
}

/// Throws DataError where the file is missing, which is damage, and SystemError where it is there and cannot be opened,
/// which is not: another user, or another day, may read it.
void require_readable(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const int error = descriptor < 0 ? errno : 0;
  if (descriptor >= 0) ::close(descriptor);
  if (error == ENOENT || error == ENOTDIR) throw DataError(fmt::format("{}: is missing", file.string()));
  if (error != 0) throw io::file_error("read", file, error);
}

/// The file of a group as the state file describes it.
struct GroupFile {
  std::string name;
  std::uint64_t bytes;
  std::uint32_t crc32c;
};

/// Throws json::exception like read_state().
std::vector<GroupFile> read_files(const json& state) {
  std::vector<GroupFile> files;
  for (const auto& [name, summary] : state.at("files").items())
    files.push_back({name, summary.at("bytes").get<std::uint64_t>(), summary.at("crc32c").get<std::uint32_t>()});
  return files;
}

}  // namespace

CheckpointFolder::CheckpointFolder(fs::path folder, std::string prefix)
    : folder_(std::move(folder)), prefix_(std::move(prefix)) {}

std::vector<fs::path> CheckpointFolder::list() const {
  std::vector<fs::path> paths;
  std::error_code error, ignored;
  fs::directory_iterator entry(folder_, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool digits = name.size() > prefix_.size() + 1 && name.starts_with(prefix_ + "-") &&
                        name.find_first_not_of("0123456789", prefix_.size() + 1) == std::string::npos;
    if (digits && entry->is_directory(ignored)) paths.push_back(entry->path());
  }
  // A folder that cannot be read is not empty: what is in it must not be taken for absent.
  if (error && error != std::errc::no_such_file_or_directory) throw io::file_error("read", folder_, error.value());
  std::sort(paths.begin(), paths.end(), [](const fs::path& a, const fs::path& b) {
    return is_later(b.filename().string(), a.filename().string());
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
    if (fs::exists(path) && io::exchange(aside, path)) {
      remove_folder(aside);
    } else {
      if (fs::exists(path)) remove_folder(path);
      fs::rename(aside, path, error);
      if (error) throw io::file_error("rename", aside, error.value());
    }
    io::sync_folder(folder_);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(aside, ignored);
    throw;
  }
  const std::vector<fs::path> paths = list();
  const std::size_t count = paths.size() - list_after(checkpoint.step).size();
  for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < count; ++i) remove_folder(paths[i]);
}

std::vector<fs::path> CheckpointFolder::list_after(std::int64_t step) const {
  std::vector<fs::path> paths = list();
  const std::string last = fmt::format("{}-{:08}", prefix_, step);
  std::erase_if(paths, [&](const fs::path& path) { return !is_later(path.filename().string(), last); });
  return paths;
}

std::int64_t CheckpointFolder::last_step() const {
  const std::vector<fs::path> paths = list();
  if (paths.empty()) return 0;
  const std::string digits = paths.back().filename().string().substr(prefix_.size() + 1);
  std::int64_t step = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), step);  // what no step can be stays 0
  return step;
}

FoundCheckpoint CheckpointFolder::find_newest() const {
  FoundCheckpoint found;
  const std::vector<fs::path> paths = list();
  for (auto path = paths.rbegin(); path != paths.rend(); ++path) {
    try {
      found.newest = load(*path);
      return found;
    } catch (const DataError& error) {
      found.damaged.push_back({*path, error.what()});
    }
  }
  return found;
}

std::optional<Checkpoint> CheckpointFolder::load_newest(const std::function<void(const std::string&)>& warn) const {
  FoundCheckpoint found = find_newest();
  for (const DamagedCheckpoint& damaged : found.damaged)
    warn(fmt::format("passing over the checkpoint {}: {}", damaged.path.string(), damaged.reason));
  return std::move(found.newest);
}

Checkpoint CheckpointFolder::load(const fs::path& path) {
  require_readable(path / kState);
  const std::string text = io::read_whole_file(path / kState);
  const auto damaged = [&](const fs::path& file, const std::string& what) {
    return DataError(fmt::format("{}: {}", (path / file).string(), what));
  };
  const std::size_t end = text.size() < 2 ? std::string::npos : text.rfind('\n', text.size() - 2);
  if (end == std::string::npos ||
      text.substr(end + 1) != fmt::format("{}\n", io::crc32c(std::string_view(text).substr(0, end))))
    throw damaged(kState, "damaged (its checksum does not fit)");
  const json state = json::parse(text.substr(0, end), nullptr, false);
  if (!state.is_object() || !state.contains("format") || state.at("format") != 1)
    throw damaged(kState, "written by another version of the program (format 1 was expected)");

  Checkpoint checkpoint;
  std::vector<GroupFile> files;
  try {
    checkpoint = read_state(state);
    files = read_files(state);
  } catch (const json::exception&) {
    throw damaged(kState, "not what this program writes (step, values and files were expected)");
  }
  if (checkpoint.step < 0) throw damaged(kState, fmt::format("it is of step {}, before the first", checkpoint.step));
  for (const GroupFile& file : files) {
    // A name with a folder in it would be a file elsewhere.
    if (fs::path(file.name).filename() != file.name || fs::path(file.name).extension() != ".safetensors")
      throw damaged(kState, fmt::format("'{}' is not the name of a file of tensors", file.name));
    require_readable(path / file.name);
    {
      const io::MappedFile mapped(path / file.name);
      if (mapped.bytes().size() != file.bytes)
        throw damaged(file.name, fmt::format("has {} bytes, {} were written", mapped.bytes().size(), file.bytes));
      if (io::crc32c(mapped.bytes()) != file.crc32c) throw damaged(file.name, "damaged (its checksum does not fit)");
    }
    checkpoint.tensors[fs::path(file.name).stem().string()] = read_safetensors(path / file.name).tensors;
  }
  return checkpoint;
}

}  // namespace talweg::checkpoint
