#include "core/device/device_info.h"

#include <c10/core/CachingDeviceAllocator.h>
#include <fmt/format.h>

#ifdef TALWEG_WITH_CUDA
#include "core/device/cuda/cuda_device_info.h"
#endif

namespace talweg {
namespace {

/// The allocator of an accelerator, when it is one that counts.
c10::DeviceAllocator* counting_allocator(at::Device device) {
  return device.is_cpu() ? nullptr : dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
}

}  // namespace

nlohmann::json describe_device(at::Device device) {
  if (device.is_cpu()) return nlohmann::json::object();
#ifdef TALWEG_WITH_CUDA
  if (device.is_cuda()) return cuda::describe_device(device);
#endif
  nlohmann::json description = {{"accelerator", device.str()}};
  c10::DeviceAllocator* allocator = counting_allocator(device);
  if (!allocator) return description;
  try {
    const double bytes = static_cast<double>(allocator->getMemoryInfo(device.index()).second);
    description["accelerator memory"] = fmt::format("{:.1f} GiB", bytes / (1 << 30));
  } catch (const c10::NotImplementedError&) {  // an allocator that does not know
  }
  return description;
}

std::int64_t peak_device_bytes(at::Device device) {
  using c10::CachingAllocator::StatType;
  c10::DeviceAllocator* allocator = counting_allocator(device);
  if (!allocator || !allocator->initialized()) return 0;
  const auto stats = allocator->getDeviceStats(device.index());
  return stats.allocated_bytes[static_cast<std::size_t>(StatType::AGGREGATE)].peak;
}

}  // namespace talweg
