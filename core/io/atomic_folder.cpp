#include "core/io/atomic_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "core/error.h"
#include "core/io/output_file.h"

namespace talweg::io {
namespace {

namespace fs = std::filesystem;

void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) throw file_error("open", folder, errno);
  const int failed = ::fsync(descriptor) != 0 ? errno : 0;
  ::close(descriptor);
  if (failed == EIO || failed == ENOSPC) throw file_error("write", folder, failed);
}

/// Puts `aside` in the place of `path`; afterwards `aside` is the earlier folder, when there was one.
void exchange(const fs::path& aside, const fs::path& path, bool exists) {
  if (!exists) {
    if (::rename(aside.c_str(), path.c_str()) != 0) throw file_error("rename", aside, errno);
    return;
  }
  if (::renameat2(AT_FDCWD, aside.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0) return;
  if (errno != EINVAL && errno != ENOSYS) throw file_error("replace", path, errno);
  // A file system that cannot exchange: for a moment there is neither.
  const fs::path earlier = aside.string() + ".earlier";
  if (::rename(path.c_str(), earlier.c_str()) != 0) throw file_error("replace", path, errno);
  if (::rename(aside.c_str(), path.c_str()) != 0) throw file_error("replace", path, errno);
  ::rename(earlier.c_str(), aside.c_str());
}

}  // namespace

void write_folder_atomically(const fs::path& given, const std::function<bool(const fs::path&)>& is_ours,
                             const std::function<void(const fs::path&)>& write) {
  fs::path path = fs::absolute(given).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  std::error_code error;
  const bool exists = fs::exists(path, error);
  if (exists && !(fs::is_directory(path, error) && (fs::is_empty(path, error) || is_ours(path))))
    throw UsageError(fmt::format("'{}' exists already and is not a folder that this replaces", given.string()));
  fs::create_directories(path.parent_path(), error);
  if (error) throw file_error("create", path.parent_path(), error.value());
  const fs::path aside = path.parent_path() / fmt::format(".{}.{}.tmp", path.filename().string(), ::getpid());
  fs::remove_all(aside, error);
  try {
    fs::create_directory(aside, error);
    if (error) throw file_error("create", aside, error.value());
    write(aside);
    sync_folder(aside);
    exchange(aside, path, exists);
    sync_folder(path.parent_path());
  } catch (const SystemError& failure) {
    fs::remove_all(aside, error);
    if (!exists) throw;
    throw SystemError(fmt::format("{}; the earlier folder '{}' is untouched", failure.what(), given.string()));
  } catch (...) {
    fs::remove_all(aside, error);
    throw;
  }
  fs::remove_all(aside, error);
}

}  // namespace talweg::io
