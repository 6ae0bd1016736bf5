#pragma once

#include <ATen/core/Generator.h>

namespace talweg::device_double {

/// A generator of the double's, at LibTorch's default seed: the CPU's numbers, from a state of its own.
at::Generator new_generator(c10::DeviceIndex device);

/// The one that operators draw from where none is named.
at::Generator& default_generator(c10::DeviceIndex device);

/// The generator of the CPU that a generator of the double's stands for.
at::Generator on_host(const at::Generator& generator);

}  // namespace talweg::device_double
