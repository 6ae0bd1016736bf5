#include "core/plot/svg_cleanup.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <utility>
#include <vector>

#include "core/plot/render.h"

namespace talweg::plot {
namespace {

/// Okabe & Ito's palette (jfly.uni-koeln.de/color), ordered so that the first colours differ most.
constexpr std::array<const char*, 8> palette = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                "#e69f00", "#56b4e9", "#7a5195", "#6b6b6b"};

std::string css_colour(unsigned red, unsigned green, unsigned blue) {
  if (red == 1 && green == 1 && blue == 1) return "var(--plot-ink, #24292f)";
  if (red == 1 && green == 1 && blue == 2) return "var(--plot-muted, #656d76)";
  if (red == 1 && green == 1 && blue == 3) return "var(--plot-grid, #e4e7eb)";
  if (red == 2 && green == 0) return series_colour(blue);
  return fmt::format("rgb({},{},{})", red, green, blue);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

std::string clean_tag(std::string_view tag, std::string_view prefix) {
  std::string clean(tag);
  for (std::string_view reference : {" id='", " id=\"", "href='#", "url(#"})
    replace_all(clean, reference, fmt::format("{}{}", reference, prefix));
  for (size_t at = 0; (at = clean.find("rgb(", at)) != std::string::npos;) {
    unsigned red = 0, green = 0, blue = 0;
    const size_t end = clean.find(')', at);
    if (end == std::string::npos || std::sscanf(clean.c_str() + at, "rgb(%u,%u,%u)", &red, &green, &blue) != 3) break;
    const std::string colour = css_colour(red, green, blue);
    clean.replace(at, end + 1 - at, colour);
    at += colour.size();
  }
  return clean;
}

std::string escaped_text(std::string_view text) {
  std::string escaped(text);
  replace_all(escaped, ">", "&gt;");
  return escaped;
}

/// Cuts from `open` through `close` once.
void cut(std::string& document, std::string_view open, std::string_view close) {
  const size_t begin = document.find(open);
  if (begin == std::string::npos) return;
  const size_t end = document.find(close, begin);
  if (end != std::string::npos) document.erase(begin, end + close.size() - begin);
}

}  // namespace

std::string series_colour(size_t index) {
  const size_t place = index % palette.size();
  return fmt::format("var(--series-{}, {})", place, palette[place]);
}

std::string placeholder_series(size_t index) {
  return fmt::format("#0200{:02x}", index % palette.size());
}

std::string clean_svg(std::string_view original, std::string_view prefix) {
  std::string document(original);
  cut(document, "<?xml", "?>");
  cut(document, "<desc>", "</desc>");
  cut(document, "<rect x=\"0\" y=\"0\"", "/>");  // the background
  if (document.find("xlink:href='#gpPt", document.find("</defs>")) == std::string::npos)
    cut(document, "<defs>", "</defs>");

  // gnuplot escapes '<' in text, so that whatever stands between '<' and '>' is a tag of its own
  // making.
  std::string clean;
  size_t open_group = std::string::npos;  // where a <g …> that has no content yet begins in `clean`
  std::string_view rest = document;
  while (!rest.empty()) {
    const size_t begin = rest.find('<');
    const std::string_view text = rest.substr(0, begin);
    if (text.find_first_not_of(" \t\r\n") != std::string_view::npos) {
      clean += escaped_text(text);
      open_group = std::string::npos;
    }
    if (begin == std::string_view::npos) break;
    size_t end = rest.find('>', begin);
    if (end == std::string_view::npos) break;
    const std::string_view tag = rest.substr(begin, end + 1 - begin);
    rest.remove_prefix(end + 1);
    if (tag == "<title>") {  // a tooltip with the number of the plot
      const size_t close = rest.find("</title>");
      rest.remove_prefix(close == std::string_view::npos ? rest.size() : close + 8);
      continue;
    }
    if (tag == "</g>" && open_group != std::string::npos) {
      clean.erase(open_group);
      open_group = std::string::npos;
      continue;
    }
    open_group = tag.starts_with("<g ") ? clean.size() : std::string::npos;
    clean += clean_tag(tag, prefix);
    if (tag.starts_with("</") || tag.ends_with("/>")) clean += '\n';
  }
  return clean;
}

}  // namespace talweg::plot
