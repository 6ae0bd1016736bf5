#pragma once

namespace talweg::device_double {

/// Gives every operator that has a kernel for the CPU one for the double: it refuses tensors of several devices as CUDA
/// does, computes with the CPU's kernel in the double's memory, and counts what a GPU would make the host wait for.
void register_operators();

/// Makes autocast do on the double what it does on CUDA.
void register_autocast();

}  // namespace talweg::device_double
