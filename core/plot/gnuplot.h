#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace talweg::plot {

/// A gnuplot string literal that shows `text` as it is. Every byte other than letters, digits and
/// spaces is written as an octal escape, so that quotes, backquotes (which would start a shell),
/// macros and newlines mean nothing.
std::string gnuplot_string(std::string_view text);

/// Runs one gnuplot on a script file, with default settings whatever the user's ~/.gnuplot says.
/// Throws SystemError when gnuplot is missing or fails, with what it said.
void run_gnuplot(const std::filesystem::path& script);

}  // namespace talweg::plot
