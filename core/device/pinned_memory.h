#pragma once

#include <ATen/core/Tensor.h>

namespace talweg {

/// The tensor in memory that the accelerator can fetch while the host goes on: page-locked, where LibTorch has such
/// memory for it (CUDA, XPU). Any other, and one that is on a device already, is returned as it is.
at::Tensor ready_for_transfer(const at::Tensor& tensor);

/// The tensor on the device; the host does not wait for what is queued there, where ready_for_transfer() has memory for
/// that. Afterwards the tensor may be freed, and changed unless it was page-locked already.
at::Tensor sent_to(at::Device device, const at::Tensor& tensor);

}  // namespace talweg
