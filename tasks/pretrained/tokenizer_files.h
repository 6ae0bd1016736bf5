#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace talweg::tasks {

/// The files by which the Hugging Face library knows a tokenizer, its chat template and how text is generated, with
/// their bytes. A folder's own are taken over; a file's are itself under the usual name, and what lies beside it; of
/// "bytes", and of a GGUF file with a byte-level BPE, they are made. Empty for other sources.
std::map<std::string, std::string> tokenizer_files(const std::filesystem::path& source);

/// The tokenizer files of "bytes" for models that read whole texts: what the byte tokenizer's frame puts around texts
/// and pairs is in the post-processor.
std::map<std::string, std::string> framed_byte_files();

/// The chat template of a GGUF file or a model folder, in Jinja; "" when it has none, and for other sources.
std::string chat_template_of(const std::filesystem::path& source);

}  // namespace talweg::tasks
