#include "core/plot/svg_document.h"

namespace talweg::plot {

std::string svg_document(std::string_view element) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  const std::size_t opened = element.find('>') + 1;
  std::string_view opening = element.substr(0, opened);
  text += opening.substr(0, opening.size() - 1);
  if (opening.find("xmlns=") == std::string_view::npos) text += " xmlns=\"http://www.w3.org/2000/svg\"";
  text += "><rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>";
  // var(--name, fallback) → fallback
  std::string_view rest = element.substr(opened);
  for (std::size_t at = 0; (at = rest.find("var(--")) != std::string_view::npos;) {
    const std::size_t comma = rest.find(',', at), end = rest.find(')', at);
    if (comma == std::string_view::npos || end == std::string_view::npos || comma > end) break;
    text += rest.substr(0, at);
    std::string_view fallback = rest.substr(comma + 1, end - comma - 1);
    while (!fallback.empty() && fallback.front() == ' ') fallback.remove_prefix(1);
    text += fallback;
    rest.remove_prefix(end + 1);
  }
  text += rest;
  return text + "\n";
}

}  // namespace talweg::plot
