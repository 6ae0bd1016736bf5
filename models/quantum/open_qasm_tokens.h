#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace talweg::models::quantum {

/// A word, number, text in quotes or sign of OpenQASM, with its place: lines and columns, in characters, from 1.
struct Token {
  enum class Kind { word, number, text, sign, end } kind = Kind::end;
  std::string text;
  std::int64_t line = 1, column = 1;
};

/// A text of OpenQASM, token by token; comments are passed over.
class Tokens {
 public:
  /// `name` of the text is for messages; `text` must outlive this object. Throws DataError as take() does.
  Tokens(std::string_view text, std::string name);

  const Token& now() const { return now_; }
  /// The token of now(), and goes on to the next. Throws DataError for a comment or a text that does not end.
  Token take();
  /// Goes on where the token is this sign or word; returns whether it was.
  bool take_if(std::string_view word);
  /// The token of now(), which must be of this kind. Throws DataError: "expected WHAT, found …".
  Token expect(Token::Kind kind, std::string_view what);
  /// Goes on; the token must be this sign or word. Throws DataError.
  void expect(std::string_view word);
  /// Throws DataError: "NAME:LINE:COLUMN: message".
  [[noreturn]] void fail(const Token& at, const std::string& message) const;
  /// The token in quotes, or "the end".
  static std::string shown(const Token& token);

 private:
  void step();
  void skip_blanks();
  void advance();

  std::string_view text_;
  std::string name_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1, column_ = 1;
  Token now_;
};

}  // namespace talweg::models::quantum
