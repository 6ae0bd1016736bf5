#include "core/io/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace talweg::io {
namespace {

std::string_view advice(int error) {
  switch (error) {
    case ENOSPC:
      return "; free some space or choose another output folder with --output";
    case EDQUOT:
      return "; your disk quota is used up: free some space or choose another output folder";
    case EACCES:
    case EPERM:
    case EROFS:
      return "; choose a folder you may write to with --output";
    case ENOENT:
      return "; the folder does not exist";
    case EMFILE:
    case ENFILE:
      return "; raise the limit of open files (ulimit -n)";
    default:
      return "";
  }
}

}  // namespace

SystemError file_error(std::string_view action, const std::filesystem::path& path, int error) {
  return SystemError(fmt::format("cannot {} '{}': {}{}", action, path.string(), std::generic_category().message(error),
                                 advice(error)));
}

OutputFile::OutputFile(const std::filesystem::path& path, OpenMode mode) : path_(path) {
  const int how = mode == OpenMode::append ? O_APPEND : O_EXCL;
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | how, 0666);
  if (descriptor_ < 0) throw file_error(mode == OpenMode::append ? "open" : "create", path, errno);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void OutputFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw file_error("write", path_, errno);
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void OutputFile::sync() {
  // EINVAL and EROFS: a pipe or a device that has nothing to wait for.
  if (::fsync(descriptor_) != 0 && errno != EINVAL && errno != EROFS) throw file_error("write", path_, errno);
}

void OutputFile::close() {
  const int descriptor = std::exchange(descriptor_, -1);
  if (descriptor >= 0 && ::close(descriptor) != 0 && errno != EINTR) throw file_error("write", path_, errno);
}

}  // namespace talweg::io
