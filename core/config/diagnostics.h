#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config/value.h"

namespace talweg::config {

/// Collects what is wrong with a configuration, so that a person sees every mistake at once.
class Diagnostics {
 public:
  /// Records "location: message".
  void error(const Location& where, std::string_view message);
  bool empty() const { return messages_.empty(); }
  const std::vector<std::string>& messages() const { return messages_; }
  /// Throws ConfigError with all messages, one a line, when there are any.
  void throw_if_any() const;

 private:
  std::vector<std::string> messages_;
};

/// Throws ConfigError "location: message".
[[noreturn]] void fail(const Location& where, const std::string& message);

/// " (did you mean 'x'?)" when a candidate is close to `word`, otherwise " (known: a, b, c)".
/// Close: an edit distance of at most a third of the word's length, or one word starts with the other.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace talweg::config
