#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talweg::io {

/// The candidate that `word` is most likely meant to be, if one is close: an edit distance of at most a third of the
/// word's length, or one word starts with the other.
std::optional<std::string> closest_word(std::string_view word, const std::vector<std::string>& candidates);

/// " (did you mean 'x'?)" when a candidate is close to `word`, otherwise " (known: a, b, c)".
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace talweg::io
