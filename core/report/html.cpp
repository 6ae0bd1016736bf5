#include "core/report/html.h"

#include <fmt/format.h>

#include <cmath>

#include "core/io/utf8.h"

namespace talweg::report {

std::string escape(std::string_view text) {
  std::string escaped;
  for (char c : io::valid_utf8(text)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        const bool control = (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
        escaped += control ? ' ' : c;
      }
    }
  }
  return escaped;
}

std::string readable(double value, int digits) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "−inf";
  std::string text;
  if (value == std::floor(value) && std::abs(value) < 1e15) {
    text = fmt::format("{:.0f}", std::abs(value));
    for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3)
      text.insert(static_cast<size_t>(at), "\u202F");  // narrow space
  } else {
    text = fmt::format("{:.{}g}", std::abs(value), digits);
    if (const size_t minus = text.find("e-"); minus != std::string::npos) text.replace(minus + 1, 1, "−");
  }
  return value < 0 ? "−" + text : text;
}

std::string readable_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "unknown";
  if (seconds < 100) return fmt::format("{:.3g} s", seconds);
  const auto whole = static_cast<int64_t>(std::min(seconds, 1e15));
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
  return fmt::format("{} d {} h", whole / 86400, whole / 3600 % 24);
}

std::string table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::string> classes;
  std::string html = "<div class=\"scroll\"><table><thead><tr>";
  for (const auto& name : header) {
    const bool number = name.starts_with('#');
    classes.push_back(number ? " class=\"number\"" : "");
    html += fmt::format("<th{}>{}</th>", classes.back(), name.substr(number));
  }
  html += "</tr></thead><tbody>\n";
  for (const auto& row : rows) {
    html += "<tr>";
    for (size_t i = 0; i < row.size(); ++i)
      html += fmt::format("<td{}>{}</td>", i < classes.size() ? classes[i] : "", row[i]);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

}  // namespace talweg::report
