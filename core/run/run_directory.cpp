#include "core/run/run_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/io/output_file.h"

namespace talweg {

namespace fs = std::filesystem;

namespace {

/// Hidden files are the lock and leftovers of a run that was killed before it began.
bool is_visible(const fs::directory_entry& entry) {
  return entry.path().filename().string()[0] != '.';
}

}  // namespace

RunDirectory RunDirectory::create(const fs::path& path) {
  std::error_code error;
  const bool occupied = fs::exists(path, error) &&
                        (!fs::is_directory(path, error) ||
                         std::any_of(fs::directory_iterator(path, error), fs::directory_iterator(), is_visible));
  if (occupied)
    throw UsageError(
        fmt::format("'{0}' exists already; continue it with 'talweg resume {0}', or name another folder with --output",
                    path.string()));
  fs::create_directories(path, error);
  if (error) throw io::file_error("create", path, error.value());
  return RunDirectory(path);
}

RunDirectory RunDirectory::open(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path / "config.yaml", error))
    throw UsageError(fmt::format("'{}' is not a run directory (it has no config.yaml)", path.string()));
  return RunDirectory(path);
}

RunDirectory::RunDirectory(fs::path path) : path_(std::move(path)) {
  const fs::path file = path_ / ".lock";
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) throw io::file_error("open", file, errno);
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock_);
    throw UsageError(fmt::format("another process is training in '{}' at this moment", path_.string()));
  }
}

void RunDirectory::discard() const noexcept {
  std::error_code ignored;
  // What is visible is the run's: create() found nothing else. Hidden files may be anybody's, but for the lock.
  std::vector<fs::path> own = {path_ / ".lock"};
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, ignored))
    if (is_visible(entry)) own.push_back(entry.path());
  for (const fs::path& path : own) fs::remove_all(path, ignored);
  fs::remove(path_, ignored);
}

RunDirectory::RunDirectory(RunDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

RunDirectory::~RunDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace talweg
