#include "core/io/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>

#include "core/error.h"

namespace talweg::io {
namespace {

constexpr int kSilenceMilliseconds = 60'000;
/// More than any device holds that is meant to be read as a file, an empty one or a terminal.
constexpr std::size_t kLargestOfDevice = std::size_t{64} << 20;

/// A file that is open for reading; opening it waits for nobody.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path) : path_(path) {
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor_ < 0 || ::fstat(descriptor_, &status_) != 0) fail(errno);
    if (S_ISDIR(status_.st_mode)) fail("it is a folder, a file is needed");
  }
  ~InputFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const struct stat& status() const { return status_; }

  /// Appends up to `count` bytes; returns how many, 0 at the end.
  std::size_t append(std::string& content, std::size_t count) {
    const std::size_t before = content.size();
    content.resize(before + count);
    for (;;) {
      const ssize_t got = ::read(descriptor_, content.data() + before, count);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) {
        wait();
        continue;
      }
      if (got < 0) fail(errno);
      if (got == 0 && before == 0 && S_ISFIFO(status_.st_mode)) fail("it is a pipe into which nobody writes");
      content.resize(before + static_cast<std::size_t>(got));
      return static_cast<std::size_t>(got);
    }
  }
  [[noreturn]] void fail(const std::string& why) const {
    throw DataError(fmt::format("cannot read '{}': {}", path_.string(), why));
  }

 private:
  [[noreturn]] void fail(int error) const { fail(std::generic_category().message(error)); }
  /// Until the writer of a pipe has written.
  void wait() const {
    struct pollfd waited {
      descriptor_, POLLIN, 0
    };
    if (::poll(&waited, 1, kSilenceMilliseconds) == 0) fail("nothing came for a minute");
  }

  const std::filesystem::path& path_;
  int descriptor_ = -1;
  struct stat status_ {};
};

}  // namespace

std::string read_at_most(const std::filesystem::path& path, std::size_t limit) {
  InputFile file(path);
  // One byte more than it should hold, to see the end at once.
  constexpr std::size_t kSmallest = 1 << 16;
  std::size_t chunk = S_ISREG(file.status().st_mode) ? static_cast<std::size_t>(file.status().st_size) + 1 : kSmallest;
  std::string content;
  while (content.size() < limit && file.append(content, std::min(chunk, limit - content.size())) > 0)
    chunk = std::max(kSmallest, content.size());
  return content;
}

std::string read_whole_file(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_character_file(path, ignored)) {
    std::string content = read_at_most(path, kLargestOfDevice);
    if (content.size() == kLargestOfDevice)
      throw DataError(fmt::format("cannot read '{}': it is a device without an end", path.string()));
    return content;
  }
  return read_at_most(path, std::numeric_limits<std::size_t>::max());
}

}  // namespace talweg::io
