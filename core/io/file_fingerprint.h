#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace talweg::io {

/// Marks by which a file is known again. Of a large file its first and its last MiB are looked at, so that it costs no
/// time; a change between them that keeps the size is not seen.
struct FileFingerprint {
  std::string path;           ///< as it was written by whoever named it
  std::uint64_t size = 0;     ///< bytes
  std::string ends;           ///< content_key of the first and the last MiB, of the whole where it has at most two
  std::int64_t modified = 0;  ///< when it was written, in seconds since 1970: for messages, not for comparisons
};
using FileFingerprints = std::vector<FileFingerprint>;
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FileFingerprint, path, size, ends, modified)

/// Throws DataError when the file is missing, not a regular file or unreadable.
FileFingerprint fingerprint_of(const std::filesystem::path& path);

/// Puts files behind those of a list, as far as it does not name them already.
void append(FileFingerprints& list, const FileFingerprints& more);

/// The change of a file.
struct FileChange {
  std::string path;
  std::string change;  ///< "grew from 120 to 130 bytes", to follow the name of the file
};
using FileChanges = std::vector<FileChange>;
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FileChange, path, change)

/// The files whose size or ends differ, those that are not among the later ones any more, and those that are new, in
/// this order. Files are compared under the same path; one that is listed twice counts once.
FileChanges changes_between(const FileFingerprints& before, const FileFingerprints& now);

/// The changes as a part of a sentence: "'a.csv' grew from 120 to 130 bytes; 'b.csv' is missing".
std::string describe(const FileChanges& changes);

}  // namespace talweg::io
