#include "core/tokenizer/tokenizer_json.h"

#include <cstdint>
#include <string_view>

#include "core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto description = nlohmann::json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  if (description.is_discarded()) return 0;
  try {
    const auto tokenizer = talweg::tokenizer::tokenizer_from_json(description, "fuzz");
    tokenizer->decode(tokenizer->encode(bytes));
    tokenizer->decode(talweg::tokenizer::encode_framed(*tokenizer, "a text", bytes, 64).ids);
  } catch (const talweg::Error&) {
    // A sentence for the user: the designed answer to bad input.
  }
  return 0;
}
