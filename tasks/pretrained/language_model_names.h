#pragma once

#include "core/weights/name_table.h"

namespace talweg::tasks {

/// The tensors of Llama models in files of the Hugging Face library.
const weights::NameTable& llama_names();

/// The tensors of Llama models in GGUF files, whose query and key rows are ordered pair by pair for rotary positions:
/// [head, half, 2] instead of [head, 2, half], heads of `head_size` numbers.
weights::NameTable llama_gguf_names(std::int64_t head_size);

/// GPT-2 models of the Hugging Face library, whose matrices multiply from the right: [in, out]. `prefix` is what the
/// names begin with: "transformer.", or nothing in some files.
weights::NameTable gpt2_names(const std::string& prefix);

}  // namespace talweg::tasks
