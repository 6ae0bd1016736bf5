#include "core/device/device_info.h"

#ifdef TALWEG_WITH_CUDA
#include "core/device/cuda/cuda_device_info.h"
#endif

namespace talweg {

nlohmann::json describe_device([[maybe_unused]] at::Device device) {
#ifdef TALWEG_WITH_CUDA
  if (device.is_cuda()) return cuda::describe_device(device);
#endif
  return nlohmann::json::object();
}

std::int64_t peak_device_bytes([[maybe_unused]] at::Device device) {
#ifdef TALWEG_WITH_CUDA
  if (device.is_cuda()) return cuda::peak_device_bytes(device);
#endif
  return 0;
}

}  // namespace talweg
