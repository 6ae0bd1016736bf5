#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "models/mean_field/lower_triangle.h"

namespace talweg::mean_field {

/// Calls its second argument with 0, …, count − 1, in any order and perhaps at once.
using Parallel = std::function<void(std::size_t count, const std::function<void(std::size_t)>&)>;
/// One after another.
void in_sequence(std::size_t count, const std::function<void(std::size_t)>& work);

/// Two products with one triangular matrix A that are made from one reading of it:
///   along[l] = Σ_s A(l, s)·x[s] and across[s] = Σ_l c[l]·A(l, s).
/// All arrays are filled up to a multiple of eight numbers with finite ones.
struct TriangleProduct {
  const LowerTriangle* matrix = nullptr;
  const double* x = nullptr;
  const double* c = nullptr;
  double* along = nullptr;
  double* across = nullptr;
};

/// Makes products over the first `rows` rows of several matrices, a group of eight rows of each after the other. A
/// step's cost is the memory traffic of its matrices, 4·rows² bytes each. The division into parts depends on `rows`
/// alone and their sums are added in a fixed order: the same bits for any number of threads.
class TriangleSweep {
 public:
  void run(const std::vector<TriangleProduct>& products, std::size_t rows, const Parallel& parallel);

 private:
  std::vector<double> scratch_;  // `across` of every part but the first
};

/// Rows that `across` and `along` of n numbers are filled up to.
inline std::size_t padded_count(std::size_t n) {
  return (n + LowerTriangle::kLanes - 1) / LowerTriangle::kLanes * LowerTriangle::kLanes;
}

}  // namespace talweg::mean_field
