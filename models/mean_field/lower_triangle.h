#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <vector>

namespace talweg::mean_field {

/// A lower triangular matrix that grows by rows, with its diagonal. Rows lie one after another, each filled up with
/// zeros to a multiple of eight numbers, so that eight rows have the same length: 4·n² + O(n) bytes for n rows.
class LowerTriangle {
 public:
  static constexpr std::size_t kLanes = 8;

  std::size_t rows() const { return rows_; }
  /// Numbers of a row with its filling.
  static std::size_t padded(std::size_t row) { return (row / kLanes + 1) * kLanes; }
  /// Where row `row` begins.
  static std::size_t offset(std::size_t row) {
    const std::size_t group = row / kLanes;
    return kLanes * (kLanes * (group * (group + 1) / 2) + (row % kLanes) * (group + 1));
  }

  double* row(std::size_t index) { return data_.get() + offset(index); }
  const double* row(std::size_t index) const { return data_.get() + offset(index); }
  /// Entry (i, j), j ≤ i.
  double operator()(std::size_t i, std::size_t j) const { return row(i)[j]; }

  /// Makes room for so many rows at once.
  void reserve(std::size_t rows);
  /// Adds row number rows() of rows() + 1 numbers.
  void append(const double* numbers);
  /// Removes all rows from number `rows` on.
  void truncate(std::size_t rows) { rows_ = rows; }

  /// The rows without their filling, one after another; and back.
  std::vector<double> packed() const;
  void unpack(const std::vector<double>& numbers, std::size_t rows);

 private:
  struct Release {
    void operator()(double* memory) const { std::free(memory); }
  };
  std::unique_ptr<double[], Release> data_;
  std::size_t rows_ = 0, room_ = 0;
};

}  // namespace talweg::mean_field
