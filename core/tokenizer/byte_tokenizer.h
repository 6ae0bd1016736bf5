#pragma once

#include "core/tokenizer/tokenizer.h"

namespace talweg::tokenizer {

/// Every byte is its own id; 256 is the end of text, and what shorter texts are padded with. decode(encode(x)) = x.
class ByteTokenizer : public Tokenizer {
 public:
  ByteTokenizer();
  void append(std::string_view text, Ids& ids) const override;
  std::string decode(std::span<const std::int32_t> ids) const override;
  std::int64_t vocabulary_size() const override { return 257; }
  std::optional<std::int32_t> find(std::string_view token) const override;
  bool is_special(std::int32_t id) const override { return id == 256; }
};

}  // namespace talweg::tokenizer
