#pragma once

#include <memory>

#include "core/tokenizer/tokenizer.h"
#include "core/weights/gguf.h"

namespace talweg::weights {

/// The tokenizer in the metadata of a GGUF file (model "gpt2": byte-level BPE). Throws DataError when there is none, or
/// of a kind that is not supported.
std::unique_ptr<tokenizer::Tokenizer> gguf_tokenizer(const GgufFile& file);

}  // namespace talweg::weights
