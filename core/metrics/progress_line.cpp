#include "core/metrics/progress_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/io/utf8.h"

namespace talweg::metrics {
namespace {

constexpr int narrowest = 20;
constexpr int shortest_bar = 8;
constexpr int longest_bar = 40;
/// A task may measure dozens of things; the first few tell how it goes.
constexpr size_t most_evaluation_metrics = 4;

/// A piece of the line; the pieces with the highest rank are left out first when the line is too
/// long.
struct Piece {
  int rank;
  std::string text;
};

std::string step_text(const Progress& p) {
  if (p.counted)
    return fmt::format("{}/{} {}", format_quantity(p.counted->done), format_quantity(p.counted->total),
                       io::valid_utf8(p.counted->unit));
  return p.total_steps > 0 ? fmt::format("{}/{}", p.step, p.total_steps) : fmt::format("step {}", p.step);
}

bool has_end(const Progress& p) {
  return p.counted || p.total_steps > 0;
}

/// "eval/accuracy" → "accuracy": the terminal is narrow, and train/loss is simply "loss".
std::string_view short_name(std::string_view name) {
  const size_t slash = name.rfind('/');
  const std::string_view tail = slash == std::string_view::npos ? name : name.substr(slash + 1);
  return tail == "loss" ? name : tail;
}

std::string metric_text(const std::pair<std::string, double>& metric) {
  return fmt::format("{} {:.4g}", io::valid_utf8(short_name(metric.first)), metric.second);
}

/// In reading order.
std::vector<Piece> pieces(const Progress& p) {
  std::vector<Piece> list;
  list.push_back({0, step_text(p)});
  if (p.has_epochs) list.push_back({6, fmt::format("epoch {:.2f}", p.epoch)});
  if ((p.has_epochs && p.step > 0) || std::isfinite(p.loss)) list.push_back({1, fmt::format("loss {:.4g}", p.loss)});
  for (size_t i = 0; i < std::min(p.evaluation.size(), most_evaluation_metrics); ++i)
    list.push_back({i == 0 ? 2 : 7 + static_cast<int>(i), metric_text(p.evaluation[i])});
  if (p.steps_per_second > 0) list.push_back({4, format_quantity(p.steps_per_second) + " steps/s"});
  if (p.tokens_per_second > 0)
    list.push_back({8, format_quantity(p.tokens_per_second) + " tokens/s"});
  else if (p.examples_per_second > 0)
    list.push_back({1000, format_quantity(p.examples_per_second) + " examples/s"});
  if (p.memory_bytes > 0) list.push_back({900, format_quantity(p.memory_bytes) + "B"});
  list.push_back({5, format_duration(p.elapsed_seconds)});
  if (p.remaining_seconds >= 0 && has_end(p)) list.push_back({3, "ETA " + format_duration(p.remaining_seconds)});
  return list;
}

int width(const std::vector<Piece>& list, int separator) {
  int sum = 0;
  for (const auto& piece : list) sum += static_cast<int>(io::count_code_points(piece.text)) + separator;
  return list.empty() ? 0 : sum - separator;
}

std::string joined(const std::vector<Piece>& list, std::string_view separator) {
  std::string line;
  for (const auto& piece : list) line.append(line.empty() ? "" : separator).append(piece.text);
  return line;
}

std::string repeated(std::string_view symbol, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += symbol;
  return text;
}

/// A bar of `length` columns; UTF-8 draws half columns.
std::string bar(double fraction, int length, const ProgressStyle& style) {
  const std::string_view green = style.colour ? "\x1b[32m" : "";
  const std::string_view grey = style.colour ? "\x1b[90m" : "";
  const std::string_view plain = style.colour ? "\x1b[0m" : "";
  if (!style.utf8) {
    const int full = static_cast<int>(fraction * (length - 2));
    return fmt::format("[{}{}{}{}{}{}]", green, repeated("#", full), plain, grey, repeated(".", length - 2 - full),
                       plain);
  }
  const int halves = static_cast<int>(fraction * 2 * length);
  const bool odd = halves % 2 != 0;
  return fmt::format("{}{}{}{}{}{}", green, repeated("━", halves / 2), odd ? "╸" : "", grey,
                     repeated("─", length - halves / 2 - odd), plain);
}

}  // namespace

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  const auto whole = static_cast<int64_t>(std::min(seconds, 1e15));
  const int64_t hours = whole / 3600, minutes = whole / 60 % 60, rest = whole % 60;
  if (hours >= 24) return fmt::format("{}d {:02}:{:02}", hours / 24, hours % 24, minutes);
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, rest);
  return fmt::format("{}:{:02}", minutes, rest);
}

std::string format_quantity(double value) {
  constexpr std::string_view units[] = {"", "k", "M", "G", "T"};
  size_t unit = 0;
  while (std::abs(value) >= 999.5 && unit + 1 < std::size(units)) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.3g}{}", value, units[unit]);
}

double fraction_done(const Progress& p) {
  if (p.counted) return std::clamp(p.counted->done / p.counted->total, 0.0, 1.0);
  if (p.total_steps <= 0) return 0;
  const double of_steps = static_cast<double>(p.step) / static_cast<double>(p.total_steps);
  return std::clamp(p.fraction.value_or(of_steps), 0.0, 1.0);
}

std::string plain_line(const Progress& p) {
  std::string percent;
  if (has_end(p)) percent = fmt::format("{:3.0f}%  ", 100 * fraction_done(p));
  return percent + joined(pieces(p), "  ");
}

std::string bar_line(const Progress& p, const ProgressStyle& style) {
  const int columns = std::max(style.columns, narrowest);
  const std::string_view separator = style.utf8 ? " · " : " | ";
  std::vector<Piece> list = pieces(p);
  const bool has_bar = has_end(p);
  const int reserved = has_bar ? 4 + 1 + shortest_bar + 1 : 0;  // "42% ━━━━━━━━ "
  while (list.size() > 1 && width(list, 3) + reserved > columns)
    list.erase(
        std::max_element(list.begin(), list.end(), [](const Piece& a, const Piece& b) { return a.rank < b.rank; }));
  const std::string text = joined(list, separator);
  if (!has_bar) return std::string(io::first_code_points(text, static_cast<size_t>(columns)));

  const int room = columns - 4 - 1 - 1 - width(list, 3);
  const std::string percent = fmt::format("{:3.0f}%", std::floor(100 * fraction_done(p)));
  const int length = std::min(room, longest_bar);
  if (length < 3) {
    const std::string line = percent + " " + text;
    return std::string(io::first_code_points(line, static_cast<size_t>(columns)));
  }
  return fmt::format("{} {} {}", percent, bar(fraction_done(p), length, style), text);
}

}  // namespace talweg::metrics
