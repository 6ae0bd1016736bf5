#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace talweg {

/// LibTorch's default generators that work on a device may draw from: the CPU's, and the device's own.
std::vector<at::Generator> generators_of(at::Device device);

/// Their states, to be put back by restore_generators().
std::vector<at::Tensor> states_of(const std::vector<at::Generator>& generators);

/// Puts back what states_of() told of the same generators.
void restore_generators(std::vector<at::Generator>& generators, const std::vector<at::Tensor>& states);

/// A generator of the device that no one else draws from, at the beginning of its sequence for `seed`.
at::Generator seeded_generator(at::Device device, std::uint64_t seed);

}  // namespace talweg
