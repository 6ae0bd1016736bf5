#include "models/deep_linear/dense_product.h"

#include <gtest/gtest.h>

#include "kernels/numbers.h"

namespace talweg::models {
namespace {

using test::Aligned;
using test::numbers;

/// Rows of `columns` numbers, each padded with zeros.
Aligned padded_rows(const std::vector<double>& dense, std::size_t rows, std::size_t columns) {
  Aligned result(rows * padded(columns));
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) result[i * padded(columns) + j] = dense[i * columns + j];
  return result;
}

struct Shape {
  std::size_t m, n, k;
};

class DenseProduct : public ::testing::TestWithParam<Shape> {};

TEST_P(DenseProduct, IsTheSumOfProductsAlsoOfATransposeAndAddedToWhatWasThere) {
  const auto [m, n, k] = GetParam();
  const std::vector<double> a = numbers(static_cast<std::int64_t>(m * k), 1),
                            b = numbers(static_cast<std::int64_t>(k * n), 2);
  Aligned rows_of_b = padded_rows(b, k, n), c(m * padded(n)), of_transpose(m * padded(n));
  std::vector<double> transpose(k * m);
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t l = 0; l < k; ++l) transpose[l * m + i] = a[i * k + l];
  dense_product({a.data(), k, 1}, rows_of_b.data(), padded(n), c.data(), padded(n), m, n, k, false);
  dense_product({transpose.data(), 1, m}, rows_of_b.data(), padded(n), of_transpose.data(), padded(n), m, n, k, false);
  dense_product({transpose.data(), 1, m}, rows_of_b.data(), padded(n), of_transpose.data(), padded(n), m, n, k, true);
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      long double sum = 0;
      for (std::size_t l = 0; l < k; ++l) sum += static_cast<long double>(a[i * k + l]) * b[l * n + j];
      const double expected = static_cast<double>(sum);
      ASSERT_NEAR(c[i * padded(n) + j], expected, 1e-14 * static_cast<double>(k)) << i << ", " << j;
      ASSERT_NEAR(of_transpose[i * padded(n) + j], 2 * expected, 2e-14 * static_cast<double>(k)) << i << ", " << j;
    }
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = n; j < padded(n); ++j) EXPECT_EQ(c[i * padded(n) + j], 0) << "the padding stays zero";
}

INSTANTIATE_TEST_SUITE_P(Shapes, DenseProduct,
                         ::testing::Values(Shape{1, 1, 1}, Shape{3, 5, 2}, Shape{8, 8, 8}, Shape{13, 17, 29},
                                           Shape{50, 50, 50}, Shape{31, 64, 7}));

TEST(DenseMatrices, AreSubtractedAddedAndTransposed) {
  constexpr std::size_t rows = 11, columns = 19;
  Aligned x = padded_rows(numbers(rows * columns, 3), rows, columns),
          y = padded_rows(numbers(rows * columns, 4), rows, columns);
  constexpr std::size_t size = rows * padded(columns);
  Aligned back(size);
  const double squares = scaled_residual(x.data(), y.data(), 0.25, back.data(), size);
  double expected = 0;
  for (std::size_t i = 0; i < size; ++i) {
    expected += (x[i] - y[i]) * (x[i] - y[i]);
    EXPECT_NEAR(back[i], 0.25 * (x[i] - y[i]), 1e-16);
  }
  EXPECT_NEAR(squares, expected, 1e-13 * expected);

  Aligned turned(columns * padded(rows));
  transpose_matrix(x.data(), padded(columns), turned.data(), padded(rows), rows, columns);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) EXPECT_EQ(turned[j * padded(rows) + i], x[i * padded(columns) + j]);

  add_in_place(x.data(), y.data(), size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t row = i / padded(columns), column = i % padded(columns);
    EXPECT_NEAR(x[i] - y[i], column < columns ? turned[column * padded(rows) + row] : 0, 1e-15);
  }
}

}  // namespace
}  // namespace talweg::models
