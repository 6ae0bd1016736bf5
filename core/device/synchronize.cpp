#include "core/device/synchronize.h"

#include <ATen/DeviceAccelerator.h>

namespace talweg {

void synchronize(c10::Device device) {
  if (at::accelerator::isAccelerator(device.type())) at::accelerator::synchronizeDevice(device.index());
}

}  // namespace talweg
