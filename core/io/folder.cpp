#include "core/io/folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>

#include "core/io/output_file.h"

namespace talweg::io {
namespace fs = std::filesystem;

bool exchange(const fs::path& a, const fs::path& b) {
#ifdef RENAME_EXCHANGE
  return ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0;
#else
  return false;
#endif
}

void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  const int error = ::fsync(descriptor) != 0 ? errno : 0;
  ::close(descriptor);
  if (error == EIO || error == ENOSPC) throw file_error("write the folder", folder, error);
}

FolderAside::FolderAside(const fs::path& target) : target_(fs::absolute(target).lexically_normal()) {
  if (!target_.has_filename()) target_ = target_.parent_path();
  std::error_code error;
  fs::create_directories(target_.parent_path(), error);
  if (error) throw file_error("create", target_.parent_path(), error.value());
  path_ = target_.parent_path() / fmt::format(".{}.writing-{}", target_.filename().string(), ::getpid());
  fs::remove_all(path_, error);
  fs::create_directory(path_, error);
  if (error) throw file_error("create", path_, error.value());
}

FolderAside::~FolderAside() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void FolderAside::put_in_place() {
  sync_folder(path_);
  std::error_code error;
  if (!fs::exists(target_, error)) {
    fs::rename(path_, target_, error);
    if (error) throw file_error("rename", path_, error.value());
  } else if (!exchange(path_, target_)) {
    // In two steps; a crash in between leaves the earlier folder under a name that tells what it is.
    const fs::path earlier =
        target_.parent_path() / fmt::format(".{}.earlier-{}", target_.filename().string(), ::getpid());
    fs::remove_all(earlier, error);
    fs::rename(target_, earlier, error);
    if (error) throw file_error("replace", target_, error.value());
    fs::rename(path_, target_, error);
    if (error) {
      std::error_code ignored;
      fs::rename(earlier, target_, ignored);
      throw file_error("replace", target_, error.value());
    }
    fs::remove_all(earlier, error);
  }
  sync_folder(target_.parent_path());
}

}  // namespace talweg::io
