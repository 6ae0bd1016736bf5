#include "core/io/file_fingerprint.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <set>
#include <string_view>

#include "core/error.h"
#include "core/io/content_key.h"
#include "core/io/mapped_file.h"

namespace talweg::io {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kEndOfFile = std::size_t{1} << 20;  // bytes looked at, on either side

const FileFingerprint* find_fingerprint(const FileFingerprints& list, const std::string& path) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& file) { return file.path == path; });
  return found == list.end() ? nullptr : &*found;
}

std::string written_at(std::int64_t seconds) {
  const std::time_t time = seconds;
  struct tm universal {};
  gmtime_r(&time, &universal);
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", universal);
}

/// How a file differs from what it was; empty where it does not.
std::string difference(const FileFingerprint& before, const FileFingerprint& now) {
  if (before.size != now.size)
    return fmt::format("{} from {} to {} bytes", before.size < now.size ? "grew" : "shrank", before.size, now.size);
  if (before.ends != now.ends)
    return fmt::format("has the same size of {} bytes but other contents, written {}", now.size,
                       written_at(now.modified));
  return {};
}

}  // namespace

FileFingerprint fingerprint_of(const fs::path& path) {
  const MappedFile mapped(path);
  const std::string_view bytes = mapped.bytes();
  FileFingerprint file{path.string(), bytes.size(), {}, 0};
  if (bytes.size() <= 2 * kEndOfFile)
    file.ends = content_key(bytes);
  else
    file.ends = content_key(std::string(bytes.substr(0, kEndOfFile)).append(bytes.substr(bytes.size() - kEndOfFile)));
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    throw DataError(fmt::format("cannot read '{}': {}", path.string(), std::strerror(errno)));
  file.modified = status.st_mtime;
  return file;
}

void append(FileFingerprints& list, const FileFingerprints& more) {
  for (const FileFingerprint& file : more)
    if (!find_fingerprint(list, file.path)) list.push_back(file);
}

FileChanges changes_between(const FileFingerprints& before, const FileFingerprints& now) {
  FileChanges changes, gone, added;
  std::set<std::string> seen;
  for (const FileFingerprint& file : before) {
    if (!seen.insert(file.path).second) continue;
    const FileFingerprint* later = find_fingerprint(now, file.path);
    std::error_code error;
    if (!later)
      gone.push_back({file.path, fs::exists(file.path, error) ? "is not read any more" : "is missing"});
    else if (const std::string change = difference(file, *later); !change.empty())
      changes.push_back({file.path, change});
  }
  for (const FileFingerprint& file : now)
    if (seen.insert(file.path).second) added.push_back({file.path, fmt::format("is new, of {} bytes", file.size)});
  changes.insert(changes.end(), gone.begin(), gone.end());
  changes.insert(changes.end(), added.begin(), added.end());
  return changes;
}

std::string describe(const FileChanges& changes) {
  std::string text;
  for (const FileChange& change : changes)
    text += fmt::format("{}'{}' {}", text.empty() ? "" : "; ", change.path, change.change);
  return text;
}

}  // namespace talweg::io
