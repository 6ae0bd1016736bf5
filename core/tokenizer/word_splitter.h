#pragma once

#include <optional>
#include <string_view>

namespace talweg::tokenizer {

/// How a byte-level model cuts text into words before merging bytes. Each is a regular expression of the reference
/// implementations, matched from left to right; here they are written as scanners that look at every character once.
enum class WordPattern {
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+` (GPT-2)
  gpt2,
  /// The text is cut around every single number character first, then as `gpt2` (SmolLM, StarCoder).
  gpt2_single_digits,
  /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
  /// ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+` (Llama 3)
  llama3,
  /// `llama3` with `\p{N}` instead of `\p{N}{1,3}` (Qwen 2)
  qwen2,
};

/// The pattern with this regular expression, spelled as the reference implementations spell it.
std::optional<WordPattern> find_word_pattern(std::string_view expression);

/// The regular expression of a pattern (of `gpt2` for `gpt2_single_digits`).
std::string_view regular_expression(WordPattern pattern);

/// The end of the word that starts at byte `begin` (begin < text.size()). Words cover the text without gaps.
std::size_t word_end(WordPattern pattern, std::string_view text, std::size_t begin);

}  // namespace talweg::tokenizer
