#include "core/weights/gguf.h"

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "core/error.h"
#include "core/weights/gguf_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto path = std::filesystem::temp_directory_path() / ("talweg-fuzz-gguf-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary) << bytes;
  try {
    const talweg::weights::GgufFile file(path);
    for (const auto& tensor : file.tensors()) file.tensor(tensor.name);
    const auto tokenizer = talweg::weights::gguf_tokenizer(file);
    tokenizer->decode(tokenizer->encode(bytes));
  } catch (const talweg::Error&) {
    // A sentence for the user: the designed answer to bad input.
  }
  return 0;
}
