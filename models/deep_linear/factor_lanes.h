#pragma once

#include <cstddef>
#include <vector>

namespace talweg::models {

/// Networks that are computed side by side, one in every lane of a vector register.
constexpr std::size_t kLanes = 8;

/// Eight deep linear networks with one target and a step size each: ‖W_L⋯W_1 − M‖² and its gradient. Matrices are
/// row-major with the lanes innermost: entry (i, j) of network b is data[(i·columns + j)·8 + b]. A diagonal network,
/// one number per mode and layer, has the shapes [modes, 1] and multiplies them entry by entry.
class FactorLanes {
 public:
  /// Widths r_0, …, r_L of dense networks.
  explicit FactorLanes(std::vector<std::size_t> widths);
  /// Diagonal networks of this depth on this many modes.
  FactorLanes(std::size_t depth, std::size_t modes);
  FactorLanes(const FactorLanes&) = delete;
  FactorLanes& operator=(const FactorLanes&) = delete;

  /// Doubles in the product of one block.
  std::size_t product_size() const { return rows_.back() * columns_.front() * kLanes; }
  std::size_t depth() const { return rows_.size() - 1; }

  /// W_L⋯W_1 of every network.
  const double* product(const double* const* layers);

  /// Writes weight_b times the gradient of ½‖·‖² into `gradients`, ‖·‖² into `squares`. A network beyond `limit` has
  /// the gradient 0: it stays where it left, and does not disturb the others. `target` is without lanes, row-major.
  void gradient(const double* const* layers, const double* target, const double* weights, double limit,
                double* const* gradients, double* squares);

 private:
  void allocate();

  bool diagonal_;
  std::vector<std::size_t> rows_, columns_;  // of layer l: rows_[l + 1] by columns_[l]
  std::vector<double> storage_;
  std::vector<double*> prefixes_;  // P_2 … P_L; P_1 is the first layer
  double* backs_[2];
};

}  // namespace talweg::models
