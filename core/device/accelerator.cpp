#include "core/device/accelerator.h"

#include <ATen/DeviceAccelerator.h>

namespace talweg {

std::optional<c10::DeviceType> accelerator() {
  const std::optional<c10::DeviceType> kind = at::accelerator::getAccelerator();
  return kind && at::accelerator::deviceCount() > 0 ? kind : std::nullopt;
}

std::int64_t accelerator_count() {
  return at::accelerator::getAccelerator() ? at::accelerator::deviceCount() : 0;
}

}  // namespace talweg
