#pragma once

namespace talweg::device_double {

/// Tells LibTorch how to change the current device, of streams (one per device, in which all work is done at once) and
/// events.
void register_guard();

/// Tells LibTorch of the devices, their generators and page-locked memory.
void register_hooks();

}  // namespace talweg::device_double
