#include "core/device/out_of_memory.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <new>
#include <string_view>

namespace talweg {

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) || dynamic_cast<const c10::OutOfMemoryError*>(&error)) return true;
  const auto* torch = dynamic_cast<const c10::Error*>(&error);
  if (!torch) return false;
  constexpr std::array<std::string_view, 4> sayings = {"DefaultCPUAllocator", "out of memory",
                                                       "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED"};
  const std::string_view text = torch->what_without_backtrace();
  return std::any_of(sayings.begin(), sayings.end(),
                     [&](std::string_view saying) { return text.find(saying) != std::string_view::npos; });
}

}  // namespace talweg
