#include "core/io/random_access_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace talweg::io {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& why) {
  throw DataError(fmt::format("cannot read '{}': {}", path.string(), why));
}

}  // namespace

RandomAccessFile::RandomAccessFile(std::filesystem::path path) : path_(std::move(path)) {
  // A pipe without a writer would keep open() waiting.
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) fail(path_, std::strerror(errno));
  struct stat status {};
  const bool known = ::fstat(descriptor_, &status) == 0;
  const int error = errno;
  if (!known || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    fail(path_, known ? "it is not a regular file" : std::strerror(error));
  }
  size_ = status.st_size;
}

RandomAccessFile::~RandomAccessFile() {
  ::close(descriptor_);
}

void RandomAccessFile::read(std::int64_t offset, std::span<char> bytes) const {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t count = ::pread(descriptor_, bytes.data() + done, bytes.size() - done,
                                  static_cast<off_t>(offset + static_cast<std::int64_t>(done)));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path_, std::strerror(errno));
    if (count == 0)
      fail(path_,
           fmt::format("it ends after {} bytes, before byte {}; was it cut off while it was read?",
                       offset + static_cast<std::int64_t>(done), offset + static_cast<std::int64_t>(bytes.size())));
    done += static_cast<std::size_t>(count);
  }
}

}  // namespace talweg::io
