#include "core/io/closest_word.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

namespace talweg::io {
namespace {

/// Insertions, deletions, substitutions and swaps of neighbours that lead from a to b (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    next[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      next[j + 1] = std::min({row[j] + (a[i] == b[j] ? 0 : 1), row[j + 1] + 1, next[j] + 1});
      if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
        next[j + 1] = std::min(next[j + 1], before[j - 1] + 1);
    }
    before.swap(row);
    row.swap(next);
  }
  return row.back();
}

}  // namespace

std::optional<std::string> closest_word(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr std::size_t longest_word = 64;
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  if (word.size() <= longest_word) {
    for (const std::string& candidate : candidates) {
      const bool prefix = word.size() >= 2 && (candidate.starts_with(word) || word.starts_with(candidate));
      const std::size_t distance = prefix ? 1 : edit_distance(word, candidate);
      if (distance < best_distance) {
        best_distance = distance;
        best = &candidate;
      }
    }
  }
  return best ? std::optional(*best) : std::nullopt;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  if (const auto best = closest_word(word, candidates)) return fmt::format(" (did you mean '{}'?)", *best);
  return candidates.empty() ? "" : fmt::format(" (known: {})", fmt::join(candidates, ", "));
}

}  // namespace talweg::io
