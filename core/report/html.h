#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace talweg::report {

/// `text` as HTML text or attribute value: markup characters escaped, invalid UTF-8 and control
/// characters replaced.
std::string escape(std::string_view text);

/// A number for reading: up to six significant digits, thousands of integers apart; "nan" and "inf"
/// as words.
std::string readable(double value, int digits = 6);

/// "9.3 s", "12 min 5 s", "3 h 20 min".
std::string readable_duration(double seconds);

/// A table whose cells are HTML already; a header row and rows of the same length. Columns whose
/// name begins with
/// '#' hold numbers: they are right-aligned, the '#' is not shown.
std::string table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);

}  // namespace talweg::report
