#pragma once

#include <ATen/core/Tensor.h>

namespace talweg::models {

/// In which order the inputs of a network stand.
enum class DecoderInputs { features_then_blob, blob_then_features };

/// out·max(0, in·[features ‖ one-blob]) for features [P, D] of places [P, 3] in [0, 1] whose one-blob encoding has
/// `bins` bins, with weights `in` [hidden, D + 3·bins] and `out` [outputs, hidden]: [P, outputs]. On a CPU the zeros of
/// the encoding are left out of every product, and sums do not depend on the number of threads. Differentiable by
/// features and weights, twice.
at::Tensor decoder_network(const at::Tensor& features, const at::Tensor& places, const at::Tensor& in,
                           const at::Tensor& out, std::int64_t bins, DecoderInputs order);

/// The same by LibTorch's operations.
at::Tensor decoder_network_by_operations(const at::Tensor& features, const at::Tensor& places, const at::Tensor& in,
                                         const at::Tensor& out, std::int64_t bins, DecoderInputs order);

}  // namespace talweg::models
