#pragma once

#include <optional>
#include <string>

#include "core/config/converter.h"

namespace talweg::config {

/// A text that a type can carry: a word that stands in the place of a number, such as "auto".
template <std::size_t N>
struct Word {
  char text[N];
  constexpr Word(const char (&word)[N]) {
    for (std::size_t i = 0; i < N; ++i) text[i] = word[i];
  }
};

/// A positive number, or a word that says where it is to come from: `scale: auto`, `noise: estimate`.
template <Word kWord>
struct WordOr {
  std::optional<double> number;  ///< nothing: the word
  bool operator==(const WordOr&) const = default;
};

template <Word kWord>
struct Converter<WordOr<kWord>> {
  static std::string type() { return fmt::format("{} or a number above 0", kWord.text); }
  static bool parse(const Value& value, WordOr<kWord>& target, Diagnostics& diagnostics, const std::string& name) {
    if (value.is_scalar() && value.text == kWord.text) {
      target.number.reset();
      return true;
    }
    double number = 0;
    if (value.is_scalar() && read_scalar(value, number) && number > 0) {
      target.number = number;
      return true;
    }
    diagnostics.error(value.where,
                      fmt::format("'{}' takes '{}' or a number above 0, found {}", name, kWord.text, value.describe()));
    return false;
  }
  static Value dump(const WordOr<kWord>& value) {
    return Value::scalar(value.number ? number_text(*value.number) : kWord.text);
  }
  static nlohmann::json schema() {
    return {{"anyOf", {{{"type", "number"}, {"exclusiveMinimum", 0}}, {{"const", kWord.text}}}}};
  }
};

}  // namespace talweg::config
