#include "models/quantum/open_qasm_tokens.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"

namespace talweg::models::quantum {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (static_cast<unsigned char>(c) & 0x80) != 0;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

Tokens::Tokens(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {
  advance();
}

Token Tokens::take() {
  Token taken = std::move(now_);
  advance();
  return taken;
}

bool Tokens::take_if(std::string_view sign) {
  if (now_.text != sign || now_.kind == Token::Kind::text) return false;
  advance();
  return true;
}

Token Tokens::expect(Token::Kind kind, std::string_view what) {
  if (now_.kind != kind) fail(now_, fmt::format("expected {}, found {}", what, shown(now_)));
  return take();
}

void Tokens::expect(std::string_view sign) {
  if (!take_if(sign)) fail(now_, fmt::format("expected '{}', found {}", sign, shown(now_)));
}

void Tokens::fail(const Token& at, const std::string& message) const {
  throw DataError(fmt::format("{}:{}:{}: {}", name_, at.line, at.column, message));
}

std::string Tokens::shown(const Token& token) {
  return token.kind == Token::Kind::end ? "the end" : "'" + token.text + "'";
}

void Tokens::step() {
  if (text_[at_] == '\n') {
    ++line_;
    column_ = 1;
  } else if ((static_cast<unsigned char>(text_[at_]) & 0xC0) != 0x80) {
    ++column_;
  }
  ++at_;
}

void Tokens::skip_blanks() {
  while (at_ < text_.size()) {
    const std::string_view rest = text_.substr(at_);
    if (rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\n' || rest[0] == '\r') {
      step();
    } else if (rest.starts_with("//")) {
      while (at_ < text_.size() && text_[at_] != '\n') step();
    } else if (rest.starts_with("/*")) {
      const Token start{Token::Kind::sign, "/*", line_, column_};
      const std::size_t end = text_.find("*/", at_ + 2);
      if (end == std::string_view::npos) fail(start, "a comment that does not end");
      while (at_ < end + 2) step();
    } else {
      return;
    }
  }
}

void Tokens::advance() {
  skip_blanks();
  now_ = {Token::Kind::end, "", line_, column_};
  if (at_ == text_.size()) return;
  const std::size_t begin = at_;
  const char first = text_[at_];
  const auto run = [&](auto belongs) {
    while (at_ < text_.size() && belongs(text_[at_])) step();
  };
  if (is_letter(first)) {
    now_.kind = Token::Kind::word;
    run([](char c) { return is_letter(c) || is_digit(c); });
  } else if (is_digit(first) || first == '.') {
    now_.kind = Token::Kind::number;
    bool after_exponent = false;
    run([&](char c) {
      const bool belongs =
          is_digit(c) || c == '.' || c == 'e' || c == 'E' || (after_exponent && (c == '-' || c == '+'));
      after_exponent = c == 'e' || c == 'E';
      return belongs;
    });
  } else if (first == '"') {
    now_.kind = Token::Kind::text;
    step();
    run([](char c) { return c != '"' && c != '\n'; });
    if (at_ == text_.size() || text_[at_] != '"') fail(now_, "a text that does not end on its line");
    step();
  } else {
    now_.kind = Token::Kind::sign;
    step();
  }
  now_.text = std::string(text_.substr(begin, at_ - begin));
}

}  // namespace talweg::models::quantum
