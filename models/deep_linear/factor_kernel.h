#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace talweg::models {

/// One deep linear network in float64 without LibTorch's overhead: the loss ‖W_L⋯W_1 − M‖², its gradient, and gradient
/// descent in place. The same arithmetic as factor_gradient, on buffers that are made once; larger products go to the
/// BLAS. A step of five-by-five matrices takes a fraction of a microsecond.
class FactorKernel {
 public:
  /// Widths r_0, …, r_L: layer l is [r_l, r_{l−1}], the target [r_L, r_0]. At least two widths, each at least 1.
  explicit FactorKernel(std::vector<std::int64_t> widths);

  const std::vector<std::int64_t>& widths() const { return widths_; }
  std::size_t depth() const { return widths_.size() - 1; }

  /// Copies a row-major matrix in or out; `layer` counts from 0.
  void set_layer(std::size_t layer, const double* values);
  void get_layer(std::size_t layer, double* values) const;
  void set_target(const double* values);
  /// The gradient that gradient() left, of one layer.
  void get_gradient(std::size_t layer, double* values) const;

  /// Writes factor/2 times the gradient of ‖W_L⋯W_1 − M‖² by every layer; returns ‖W_L⋯W_1 − M‖². So the factor 2c
  /// gives the gradient of c‖·‖².
  double gradient(double factor);
  /// W_l ← W_l − η·factor/2·∇_l at the same point for all layers; returns ‖W_L⋯W_1 − M‖² before the step.
  double descend(double eta, double factor);

 private:
  struct Matrix {
    std::size_t rows = 0, columns = 0, stride = 0;
    double* data = nullptr;
  };
  struct Free {
    void operator()(double* data) const;
  };

  Matrix allocate(std::int64_t rows, std::int64_t columns);
  static void copy_in(const Matrix& to, const double* values);
  static void copy_out(const Matrix& from, double* values);
  static void multiply(const Matrix& a, bool transposed, const Matrix& b, const Matrix& c, bool accumulate);
  /// Sets B_L = scale·R; returns ‖R‖².
  double residual(double scale);
  /// The products that the gradients need beside P_l: calls visit(l, B_l) from the left, after B_{l−1} was made.
  template <class Visit>
  void walk_back(Visit&& visit);

  std::vector<std::int64_t> widths_;
  std::vector<std::unique_ptr<double[], Free>> storage_;
  std::vector<Matrix> layers_, gradients_;
  std::vector<Matrix> prefixes_;    // P_1 … P_L
  std::vector<Matrix> transposed_;  // P_lᵀ for l < L
  std::vector<Matrix> backs_;       // B_1 … B_L
  Matrix target_;
};

}  // namespace talweg::models
