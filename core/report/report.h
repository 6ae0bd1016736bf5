#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace talweg::report {

/// Writes one HTML file that needs nothing else (no network, no other file) and tells of one run,
/// or compares several: status, final numbers, stated expectations and whether they hold, curves of
/// every metric over step and time, differences of configuration, the runs' own figures,
/// configuration and environment.
///
/// A run that is still going or was killed is reported as far as it got. What could not be read or
/// drawn is said in the page and returned as sentences. The file is replaced atomically. Throws
/// DataError when a path is not a run directory, SystemError when the file cannot be written.
std::vector<std::string> write_report(const std::vector<std::filesystem::path>& run_directories,
                                      const std::filesystem::path& output_html);

}  // namespace talweg::report
