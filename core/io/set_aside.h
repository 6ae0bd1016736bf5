#pragma once

#include <filesystem>
#include <string_view>

namespace talweg::io {

/// Renames a file or folder so that nothing takes it for what it was, and nothing of it is lost: "state" becomes
/// "state.damaged", then "state.damaged-2" and so on, whichever is free. Returns the new path. Throws SystemError.
std::filesystem::path set_aside(const std::filesystem::path& path, std::string_view why);

}  // namespace talweg::io
