#include "core/tokenizer/tokenizer_json.h"

#include "target.h"

TALWEG_FUZZ_TARGET(tokenizer_json) {
  const auto description = nlohmann::json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  if (description.is_discarded()) return;
  const auto tokenizer = talweg::tokenizer::tokenizer_from_json(description, "fuzz");
  tokenizer->decode(tokenizer->encode(bytes));
  tokenizer->decode(talweg::tokenizer::encode_framed(*tokenizer, "a text", bytes, 64).ids);
}
