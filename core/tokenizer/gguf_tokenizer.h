#pragma once

#include <memory>

#include "core/tokenizer/tokenizer.h"
#include "core/weights/gguf.h"

namespace talweg::tokenizer {

/// The tokenizer in the metadata of a GGUF file (model "gpt2": byte-level BPE), described as a tokenizer.json of the
/// Hugging Face library does: what an exported model folder needs. Throws DataError when there is none, or of a kind
/// that is not supported.
nlohmann::json gguf_tokenizer_json(const weights::GgufFile& file);

/// The tokenizer in the metadata of a GGUF file, with the ids that have a role. Throws DataError as above.
std::unique_ptr<Tokenizer> gguf_tokenizer(const weights::GgufFile& file);

}  // namespace talweg::tokenizer
