#pragma once

#include "core/error.h"
#include "core/tokenizer/tokenizer.h"

namespace talweg::tasks {

/// Every byte is its own id; 256 is the end of text.
class ByteTokenizer : public tokenizer::Tokenizer {
 public:
  ByteTokenizer() {
    tokenizer::RoleIds roles;
    roles.end = 256;
    set_roles(roles);
  }
  void append(std::string_view text, tokenizer::Ids& ids) const override {
    for (const char c : text) ids.push_back(static_cast<std::uint8_t>(c));
  }
  std::string decode(std::span<const std::int32_t> ids) const override {
    std::string text;
    for (const std::int32_t id : ids) {
      if (id < 0 || id > 256) throw DataError("an id outside of the 257 of bytes");
      if (id < 256) text += static_cast<char>(id);
    }
    return text;
  }
  std::int64_t vocabulary_size() const override { return 257; }
  std::optional<std::int32_t> find(std::string_view token) const override {
    return token.size() == 1 ? std::optional<std::int32_t>(static_cast<std::uint8_t>(token[0])) : std::nullopt;
  }
  bool is_special(std::int32_t id) const override { return id == 256; }
};

}  // namespace talweg::tasks
