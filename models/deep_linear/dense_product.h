#pragma once

#include <cstddef>

namespace talweg::models {

/// Doubles in a row of a padded matrix are a multiple of this; the padding is zero and stays zero.
constexpr std::size_t kRowPadding = 8;
constexpr std::size_t padded(std::size_t columns) {
  return (columns + kRowPadding - 1) / kRowPadding * kRowPadding;
}

/// A matrix read by elements: entry (i, k) is data[i·row_stride + k·column_stride], so that a transpose costs nothing.
struct ElementView {
  const double* data;
  std::size_t row_stride, column_stride;
};

/// C = A·B for small row-major matrices, or C += A·B with `accumulate`: C is [m, n], A [m, k], B [k, n]. Rows of B and
/// C are `padded` and 64-byte aligned. Register-blocked for AVX-512, AVX2 or plain vectors, whatever the processor has;
/// for matrices that fit into the first two caches it is as fast as a BLAS without the overhead of its call.
void dense_product(const ElementView& a, const double* b, std::size_t b_stride, double* c, std::size_t c_stride,
                   std::size_t m, std::size_t n, std::size_t k, bool accumulate);

/// back = scale·(product − target) over `size` doubles, a multiple of kRowPadding, 64-byte aligned; returns ‖product −
/// target‖².
double scaled_residual(const double* product, const double* target, double scale, double* back, std::size_t size);

/// to += addend over `size` doubles, a multiple of kRowPadding.
void add_in_place(double* to, const double* addend, std::size_t size);

/// to = fromᵀ for `rows` by `columns` entries; rows of both are `padded` and 64-byte aligned, and so are the strides.
void transpose_matrix(const double* from, std::size_t from_stride, double* to, std::size_t to_stride, std::size_t rows,
                      std::size_t columns);

}  // namespace talweg::models
