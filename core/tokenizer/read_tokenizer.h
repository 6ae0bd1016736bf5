#pragma once

#include <filesystem>
#include <memory>

#include "core/tokenizer/tokenizer.h"

namespace talweg::tokenizer {

/// The tokenizer in a file or folder: a GGUF file (its metadata), a tokenizer.json of the Hugging Face library, or a
/// folder that holds one. The ids with a role come from the GGUF metadata or from tokenizer_config.json and config.json
/// beside. Throws DataError when there is none, it is damaged, or of a kind that is not supported.
std::shared_ptr<const Tokenizer> read_tokenizer(const std::filesystem::path& path);

/// The file that a path names: itself, or the tokenizer in a folder. Throws DataError when there is none.
std::filesystem::path tokenizer_file(const std::filesystem::path& path);

}  // namespace talweg::tokenizer
