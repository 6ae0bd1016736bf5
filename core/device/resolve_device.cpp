#include "core/device/resolve_device.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg {

at::Device resolve_device(const std::string& device, std::int64_t local_rank) {
  if (device == "cpu") return at::kCPU;
  const bool gpu = torch::cuda::is_available();
  const auto own =
      static_cast<at::DeviceIndex>(gpu ? local_rank % static_cast<std::int64_t>(torch::cuda::device_count()) : 0);
  if (device == "auto") return gpu ? at::Device(at::kCUDA, own) : at::Device(at::kCPU);
  if (!gpu)
    throw ConfigError(
        fmt::format("device: '{}' was asked for, and LibTorch sees no GPU here; use 'cpu' or 'auto'", device));
  const at::Device result(device);
  const auto count = static_cast<int>(torch::cuda::device_count());
  if (result.index() >= count)
    throw ConfigError(fmt::format("device: '{}' was asked for, there are {} GPUs", device, count));
  return {at::kCUDA, static_cast<at::DeviceIndex>(result.has_index() ? result.index() : own)};
}

}  // namespace talweg
