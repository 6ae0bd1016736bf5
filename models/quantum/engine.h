#pragma once

#include <ATen/core/Tensor.h>

#include "models/quantum/program.h"

namespace talweg::models::quantum {

// Tensors here are on the CPU and contiguous: states [rows, 2^n] complex64 or complex128, angles [rows, P] float64.
// Rows are circuits of their own. Few qubits: as many circuits side by side as a vector has lanes; many: tile by tile.

/// state ← U(angles)·state, row by row, in place.
void run_program(const Program& program, const at::Tensor& angles, const at::Tensor& state);

/// Walks back in place: ket = U|in⟩ becomes |in⟩, bra becomes U†bra. Returns Re⟨bra|∂_j ket⟩ [rows, P] float64, the
/// derivative by the angles of any real function whose gradient by the state was `bra` (2·∂/∂ket*). No memory that
/// grows with depth or qubits is taken. Source: adjoint differentiation, Jones and Gacon 2020.
at::Tensor unwind_program(const Program& program, const at::Tensor& angles, const at::Tensor& ket,
                          const at::Tensor& bra);

}  // namespace talweg::models::quantum
