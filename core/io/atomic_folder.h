#pragma once

#include <filesystem>
#include <functional>

namespace talweg::io {

/// Replaces the folder `path` by what `write` puts into the folder it is given, so that at every moment, a crash or a full
/// disk included, `path` is either the earlier folder or the whole new one. An earlier folder is only replaced when
/// `is_ours` says so of it. Throws SystemError, UsageError for a folder that is not ours, and what `write` throws; the
/// earlier folder is then untouched and nothing is left behind.
void write_folder_atomically(const std::filesystem::path& path,
                             const std::function<bool(const std::filesystem::path&)>& is_ours,
                             const std::function<void(const std::filesystem::path&)>& write);

}  // namespace talweg::io
