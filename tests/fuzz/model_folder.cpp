#include "core/weights/model_folder.h"

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "core/error.h"

/// The input is the index of a folder of shards, or its config.json.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fs = std::filesystem;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const fs::path folder = fs::temp_directory_path() / ("talweg-fuzz-folder-" + std::to_string(::getpid()));
  if (!fs::exists(folder)) {
    fs::create_directories(folder);
    talweg::checkpoint::write_safetensors(folder / "one.safetensors", {{"a", at::ones({2})}, {"b", at::ones({1})}});
  }
  const bool is_index = size % 2 == 0;
  std::ofstream(folder / "config.json", std::ios::binary) << (is_index ? "{}" : bytes);
  std::ofstream(folder / "model.safetensors.index.json", std::ios::binary)
      << (is_index ? bytes : R"({"weight_map": {"a": "one.safetensors", "b": "one.safetensors"}})");
  try {
    talweg::weights::ModelFolder model(folder);
  } catch (const talweg::Error&) {
    // A sentence for the user: the designed answer to bad input.
  }
  return 0;
}
