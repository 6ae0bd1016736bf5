#include "core/io/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>

#include "core/io/folder.h"
#include "core/io/output_file.h"

namespace talweg::io {
namespace {

namespace fs = std::filesystem;

/// The file that is being written; removed again unless it was renamed into place.
class Aside {
 public:
  explicit Aside(const fs::path& target) {
    static std::atomic<unsigned> counter{0};
    path_ = target;
    path_ += fmt::format(".{}-{}.tmp", ::getpid(), counter++);
    // A crashed process with our number may have left a file of this name; nobody else can be using
    // it.
    ::unlink(path_.c_str());
  }
  ~Aside() {
    if (!in_place_) ::unlink(path_.c_str());
  }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

  void rename_to(const fs::path& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) throw file_error("replace", target, errno);
    in_place_ = true;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  bool in_place_ = false;
};

/// The descriptor of this process that a path stands for, as /dev/stdout and /dev/fd/63 do; nothing for other paths.
std::optional<int> own_descriptor(fs::path path) {
  constexpr int kMostLinks = 40;
  const fs::path own = fmt::format("/proc/{}/fd", ::getpid());
  std::error_code error;
  for (int i = 0; i < kMostLinks && fs::is_symlink(path, error); ++i) {
    const fs::path folder = fs::weakly_canonical(fs::absolute(path).parent_path(), error);
    if (folder == own) return std::stoi(path.filename().string());
    path = folder / fs::read_symlink(path, error);
  }
  return std::nullopt;
}

/// Writes to what cannot be replaced: a device, a pipe, a socket.
void write_to_stream(const fs::path& path, int descriptor, std::string_view bytes) {
  if (descriptor < 0) throw file_error("open", path, errno);
  std::fflush(nullptr);  // what was printed before comes first
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      ::close(descriptor);
      throw file_error("write", path, error);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::close(descriptor) != 0 && errno != EINTR) throw file_error("write", path, errno);
}

}  // namespace

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) throw file_error("replace", path, EISDIR);
  if (const auto own = own_descriptor(path)) return write_to_stream(path, ::dup(*own), bytes);
  if (fs::is_other(path, ignored))
    return write_to_stream(path, ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY), bytes);
  // Through a symbolic link the file it points to is replaced, as an ordinary write would do.
  const fs::path target = fs::is_symlink(path, ignored) ? fs::weakly_canonical(path) : path;
  try {
    Aside aside(target);
    OutputFile file(aside.path(), OpenMode::create_new);
    struct stat earlier;
    if (::stat(target.c_str(), &earlier) == 0) ::chmod(aside.path().c_str(), earlier.st_mode & 07777);
    file.write(bytes);
    file.sync();
    file.close();
    aside.rename_to(target);
  } catch (const SystemError& error) {
    if (!fs::exists(target, ignored)) throw;
    throw SystemError(fmt::format("{}; the earlier file '{}' is untouched", error.what(), target.string()));
  }
  sync_folder(target.has_parent_path() ? target.parent_path() : fs::path("."));
}

}  // namespace talweg::io
