#pragma once

#include <cstdint>

namespace talweg::models {

// A network of one hidden layer without biases, point by point: its inputs are dense features and the one-blob encoding
// of a place, of which nine numbers are not zero. No LibTorch in here (see CMakeLists.txt).

/// Hidden units and inputs are padded to a multiple of this with zeros.
inline constexpr std::int64_t kDecoderBlock = 32;
inline constexpr std::int64_t padded_to_block(std::int64_t n) {
  return (n + kDecoderBlock - 1) / kDecoderBlock * kDecoderBlock;
}

/// Weights as the kernel reads them, and points row by row. H: padded hidden units, D: padded dense inputs, O: outputs,
/// padded.
template <class T>
struct DecoderProblem {
  std::int64_t dense, bins, hidden, outputs;  ///< without padding
  const T* of_dense;                          ///< [dense, H]
  const T* of_dense_back;                     ///< [H, D]: the same transposed
  const T* of_blob;                           ///< [3·bins, H]
  const T* out;                               ///< [outputs, H]
  const T* out_back;                          ///< [H, O]: the same transposed
  const T* features;                          ///< [P, …], rows `feature_stride` apart
  std::int64_t feature_stride;
  const T* places;  ///< [P, 3] in [0, 1]
};

/// Points [begin, end): the hidden layer behind its ramp [P, H] and the outputs [P, outputs].
void decoder_forward(const DecoderProblem<float>& p, std::int64_t begin, std::int64_t end, float* hidden,
                     float* outputs);
void decoder_forward(const DecoderProblem<double>& p, std::int64_t begin, std::int64_t end, double* hidden,
                     double* outputs);

/// Where derivatives go; null: not wanted. Those by features are written, rows `dense` long; those by weights are
/// added, in the layouts of the weights.
template <class T>
struct DecoderGradients {
  T* by_features;                  ///< [P, dense]
  T *by_dense, *by_blob, *by_out;  ///< all three or none
};

/// From the hidden layer of decoder_forward and derivatives by outputs [P, outputs]. `memory` holds 2·H + O + D
/// numbers.
void decoder_backward(const DecoderProblem<float>& p, std::int64_t begin, std::int64_t end, const float* hidden,
                      const float* by_outputs, const DecoderGradients<float>& gradients, float* memory);
void decoder_backward(const DecoderProblem<double>& p, std::int64_t begin, std::int64_t end, const double* hidden,
                      const double* by_outputs, const DecoderGradients<double>& gradients, double* memory);

}  // namespace talweg::models
