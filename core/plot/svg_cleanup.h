#pragma once

#include <string>
#include <string_view>

namespace talweg::plot {

/// gnuplot colours that stand for CSS colours: its svg terminal knows only fixed ones. "#020003" →
/// --series-3.
std::string placeholder_series(size_t index);
inline constexpr std::string_view placeholder_ink = "#010101";
inline constexpr std::string_view placeholder_muted = "#010102";
inline constexpr std::string_view placeholder_grid = "#010103";

/// Makes gnuplot's SVG document an element that can stand in a page beside others: no prologue, no
/// fixed background, ids prefixed by `prefix`, placeholders replaced by CSS variables, empty groups
/// and unused definitions dropped, every '<' and '>' of text escaped.
std::string clean_svg(std::string_view document, std::string_view prefix);

}  // namespace talweg::plot
