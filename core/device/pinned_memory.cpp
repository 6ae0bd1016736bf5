#include "core/device/pinned_memory.h"

#include <ATen/ATen.h>

#include "core/device/accelerator.h"

namespace talweg {

at::Tensor ready_for_transfer(const at::Tensor& tensor) {
  if (!tensor.device().is_cpu()) return tensor;
  const std::optional<c10::DeviceType> kind = accelerator();
  // Processor and accelerator of MPS share their memory.
  return kind && *kind != at::kMPS ? tensor.pin_memory() : tensor;
}

at::Tensor sent_to(at::Device device, const at::Tensor& tensor) {
  if (device.is_cpu()) return tensor.to(device);
  const at::Tensor ready = ready_for_transfer(tensor);
  return ready.to(device, /*non_blocking=*/!ready.is_same(tensor) || ready.is_pinned());
}

}  // namespace talweg
