#include "core/tokenizer/byte_tokenizer.h"

namespace talweg::tokenizer {

ByteTokenizer::ByteTokenizer() {
  RoleIds roles;
  roles.end = roles.padding = 256;
  set_roles(roles);
  set_frame({{}, {256}, {}, {256}, {256}});
}

void ByteTokenizer::append(std::string_view text, Ids& ids) const {
  for (const char c : text) ids.push_back(static_cast<unsigned char>(c));
}

std::string ByteTokenizer::decode(std::span<const std::int32_t> ids) const {
  std::string text;
  for (const std::int32_t id : ids) {
    require_id(id);
    if (id < 256) text += static_cast<char>(id);
  }
  return text;
}

std::optional<std::int32_t> ByteTokenizer::find(std::string_view token) const {
  if (token.size() != 1) return std::nullopt;
  return static_cast<unsigned char>(token[0]);
}

}  // namespace talweg::tokenizer
