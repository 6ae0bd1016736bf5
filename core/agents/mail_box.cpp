#include "core/agents/mail_box.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/error.h"
#include "core/io/output_file.h"

namespace talweg::agents {

FolderMailBox::FolderMailBox(std::filesystem::path folder, std::int64_t own) : folder_(std::move(folder)), own_(own) {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) throw io::file_error("make", folder_, error.value());
}

std::filesystem::path FolderMailBox::file_of(std::int64_t agent) const {
  return folder_ / fmt::format("agent_{}.snapshot", agent);
}

void FolderMailBox::publish(std::string_view snapshot) {
  // It need not outlast a power failure, so nothing waits for a disk.
  const std::filesystem::path aside = folder_ / fmt::format(".agent_{}.{}", own_, ::getpid());
  std::error_code error;
  std::filesystem::remove(aside, error);
  {
    io::OutputFile file(aside, io::OpenMode::create_new);
    file.write(snapshot);
    file.close();
  }
  std::filesystem::rename(aside, file_of(own_), error);
  if (error) throw io::file_error("rename", aside, error.value());
}

std::optional<std::string> FolderMailBox::newer(std::int64_t agent) {
  const std::filesystem::path file = file_of(agent);
  struct stat status;
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  const std::pair<ino_t, std::int64_t> stamp{
      status.st_ino, std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
  const auto known = seen_.find(agent);
  if (known != seen_.end() && known->second == stamp) return std::nullopt;
  try {
    std::string bytes = io::read_whole_file(file);
    seen_[agent] = stamp;
    return bytes;
  } catch (const DataError&) {
    return std::nullopt;  // gone in between
  }
}

}  // namespace talweg::agents
