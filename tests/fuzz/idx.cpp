#include "core/data/idx.h"

#include <cstdint>
#include <string_view>

#include "core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const at::Tensor tensor = talweg::data::parse_idx(bytes, "fuzz");
    if (tensor.dim() > 1) talweg::data::combine_idx(tensor, tensor.flatten(1).select(1, 0), "fuzz");
  } catch (const talweg::Error&) {
    // A sentence for the user: the designed answer to bad input.
  }
  return 0;
}
