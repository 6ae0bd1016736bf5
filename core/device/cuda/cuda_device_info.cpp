#include "core/device/cuda/cuda_device_info.h"

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include "core/error.h"

namespace talweg::cuda {
namespace {

void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess) throw SystemError(fmt::format("CUDA: {} failed: {}", what, cudaGetErrorString(status)));
}

std::string version_text(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

}  // namespace

nlohmann::json describe_device(at::Device device) {
  cudaDeviceProp properties{};
  int driver = 0, runtime = 0;
  check(cudaGetDeviceProperties(&properties, device.index()), "asking for the device's properties");
  check(cudaDriverGetVersion(&driver), "asking for the driver's version");
  check(cudaRuntimeGetVersion(&runtime), "asking for the runtime's version");
  return {{"gpu", properties.name},
          {"compute capability", fmt::format("{}.{}", properties.major, properties.minor)},
          {"gpu memory", fmt::format("{:.1f} GiB", static_cast<double>(properties.totalGlobalMem) / (1 << 30))},
          {"cuda driver", version_text(driver)},
          {"cuda runtime", version_text(runtime)}};
}

}  // namespace talweg::cuda
