#pragma once

#include <c10/core/Device.h>

namespace talweg::device_double {

/// Puts the double in place, once a process: a device that LibTorch calls "double", computed by the CPU, with memory
/// that the host cannot read. It is what LibTorch then drives as the accelerator. Returns the first of its two.
c10::Device install();

}  // namespace talweg::device_double
