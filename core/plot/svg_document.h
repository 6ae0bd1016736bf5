#pragma once

#include <string>
#include <string_view>

namespace talweg::plot {

/// A picture of render_svg as a file of its own: with its namespace, a white background, and the fallback colours in
/// place of the CSS variables, which only browsers understand.
std::string svg_document(std::string_view element);

}  // namespace talweg::plot
