#pragma once

#include <filesystem>

namespace talweg::io {

/// Waits until the names in a folder are on the device; a rename is durable from then on. Some network file systems
/// cannot sync a folder, which is no error. Throws SystemError when the device fails or is full.
void sync_folder(const std::filesystem::path& folder);

/// Swaps two folders of one file system in one step, so that each name leads to a whole folder at every moment. Returns
/// false where the file system cannot.
bool exchange(const std::filesystem::path& a, const std::filesystem::path& b);

/// A folder that appears, or replaces an earlier one, whole: filled aside (beside its target, so on the same file
/// system), synced, then swapped in. Until `put_in_place` has returned, and when it throws, the earlier folder is what
/// it was; what was written aside is removed by the destructor.
class FolderAside {
 public:
  /// Makes the empty folder to be filled, and the folders above. Throws SystemError.
  explicit FolderAside(const std::filesystem::path& target);
  ~FolderAside();
  FolderAside(const FolderAside&) = delete;
  FolderAside& operator=(const FolderAside&) = delete;

  /// Where to write. The files must have been synced by whoever writes them.
  const std::filesystem::path& path() const { return path_; }
  /// Puts the folder in the place of its target; an earlier folder there is removed afterwards. Throws SystemError.
  void put_in_place();

 private:
  std::filesystem::path target_, path_;
};

}  // namespace talweg::io
