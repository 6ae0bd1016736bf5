#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace talweg::tasks {

/// The files by which the Hugging Face library knows a tokenizer, with their bytes: tokenizer.json and, where there is
/// one, tokenizer_config.json. A folder's own are taken over; of a GGUF file with a byte-level BPE they are made from
/// its metadata. Empty for other sources.
std::map<std::string, std::string> tokenizer_files(const std::filesystem::path& source);

}  // namespace talweg::tasks
