#include "core/weights/gguf.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/tokenizer/gguf_tokenizer.h"
#include "target.h"

TALWEG_FUZZ_TARGET(gguf) {
  const auto path = std::filesystem::temp_directory_path() / ("talweg-fuzz-gguf-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary) << bytes;
  const talweg::weights::GgufFile file(path);
  for (const auto& tensor : file.tensors()) file.tensor(tensor.name);
  const auto tokenizer = talweg::tokenizer::gguf_tokenizer(file);
  tokenizer->decode(tokenizer->encode(bytes));
}
