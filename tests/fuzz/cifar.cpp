#include "core/data/cifar.h"

#include <cstdint>
#include <string_view>

#include "core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    using talweg::data::CifarLabels;
    for (const auto labels : {CifarLabels::ten, CifarLabels::hundred_coarse, CifarLabels::hundred_fine})
      if (size % 2 == static_cast<std::size_t>(labels == CifarLabels::ten))
        talweg::data::parse_cifar(bytes, "fuzz", labels);
  } catch (const talweg::Error&) {
    // A sentence for the user: the designed answer to bad input.
  }
  return 0;
}
