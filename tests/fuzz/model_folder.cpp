#include "core/weights/model_folder.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "target.h"

/// The input is the index of a folder of shards, or its config.json.
TALWEG_FUZZ_TARGET(model_folder) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / ("talweg-fuzz-folder-" + std::to_string(::getpid()));
  if (!fs::exists(folder)) {
    fs::create_directories(folder);
    talweg::checkpoint::write_safetensors(folder / "one.safetensors", {{"a", at::ones({2})}, {"b", at::ones({1})}});
  }
  const bool is_index = bytes.size() % 2 == 0;
  std::ofstream(folder / "config.json", std::ios::binary) << (is_index ? "{}" : bytes);
  std::ofstream(folder / "model.safetensors.index.json", std::ios::binary)
      << (is_index ? bytes : R"({"weight_map": {"a": "one.safetensors", "b": "one.safetensors"}})");
  talweg::weights::ModelFolder model(folder);
}
