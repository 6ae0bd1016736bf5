#pragma once

#include <c10/core/Device.h>

namespace talweg {

/// Waits until the device has done all work that was queued on it; the CPU has none. For clocks: results are waited for
/// by whoever reads them.
void synchronize(c10::Device device);

}  // namespace talweg
