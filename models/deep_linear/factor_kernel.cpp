#include "models/deep_linear/factor_kernel.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "core/libtorch.h"
#include "models/deep_linear/dense_product.h"

namespace talweg::models {
namespace {

/// From here on a BLAS with its packing and its threads is faster than registers alone.
constexpr std::size_t kBlasFrom = 512 * 512 * 512;

}  // namespace

void FactorKernel::Free::operator()(double* data) const {
  std::free(data);
}

FactorKernel::FactorKernel(std::vector<std::int64_t> widths) : widths_(std::move(widths)) {
  TORCH_CHECK_VALUE(widths_.size() >= 2, "a network has at least one layer");
  for (const std::int64_t width : widths_) TORCH_CHECK_VALUE(width >= 1, "a layer has at least one row and column");
  for (std::size_t l = 1; l < widths_.size(); ++l) {
    layers_.push_back(allocate(widths_[l], widths_[l - 1]));
    gradients_.push_back(allocate(widths_[l], widths_[l - 1]));
    prefixes_.push_back(l == 1 ? layers_.front() : allocate(widths_[l], widths_[0]));
    backs_.push_back(allocate(widths_[l], widths_[0]));
    if (l + 1 < widths_.size()) transposed_.push_back(allocate(widths_[0], widths_[l]));
  }
  target_ = allocate(widths_.back(), widths_.front());
}

FactorKernel::Matrix FactorKernel::allocate(std::int64_t rows, std::int64_t columns) {
  Matrix matrix{static_cast<std::size_t>(rows), static_cast<std::size_t>(columns),
                padded(static_cast<std::size_t>(columns)), nullptr};
  const std::size_t bytes = matrix.rows * matrix.stride * sizeof(double);
  matrix.data = static_cast<double*>(std::aligned_alloc(64, bytes));
  if (!matrix.data) throw std::bad_alloc();
  std::memset(matrix.data, 0, bytes);
  storage_.emplace_back(matrix.data);
  return matrix;
}

void FactorKernel::copy_in(const Matrix& to, const double* values) {
  for (std::size_t i = 0; i < to.rows; ++i)
    std::memcpy(to.data + i * to.stride, values + i * to.columns, to.columns * sizeof(double));
}

void FactorKernel::copy_out(const Matrix& from, double* values) {
  for (std::size_t i = 0; i < from.rows; ++i)
    std::memcpy(values + i * from.columns, from.data + i * from.stride, from.columns * sizeof(double));
}

void FactorKernel::set_layer(std::size_t layer, const double* values) {
  copy_in(layers_.at(layer), values);
}
void FactorKernel::get_layer(std::size_t layer, double* values) const {
  copy_out(layers_.at(layer), values);
}
void FactorKernel::set_target(const double* values) {
  copy_in(target_, values);
}
void FactorKernel::get_gradient(std::size_t layer, double* values) const {
  copy_out(gradients_.at(layer), values);
}

void FactorKernel::multiply(const Matrix& a, bool transposed, const Matrix& b, const Matrix& c, bool accumulate) {
  if (c.rows * c.columns * b.rows < kBlasFrom) {
    const ElementView view = transposed ? ElementView{a.data, 1, a.stride} : ElementView{a.data, a.stride, 1};
    dense_product(view, b.data, b.stride, c.data, c.stride, c.rows, c.columns, b.rows, accumulate);
    return;
  }
  const auto tensor = [](const Matrix& matrix) {
    const auto rows = static_cast<std::int64_t>(matrix.rows), columns = static_cast<std::int64_t>(matrix.columns);
    return at::from_blob(matrix.data, {rows, columns}, {static_cast<std::int64_t>(matrix.stride), 1}, at::kDouble);
  };
  const at::Tensor factor = transposed ? tensor(a).t() : tensor(a);
  at::Tensor result = tensor(c);
  torch::NoGradGuard no_grad;
  if (accumulate)
    result.addmm_(factor, tensor(b));
  else
    at::mm_out(result, factor, tensor(b));
}

double FactorKernel::residual(double scale) {
  for (std::size_t l = 1; l < depth(); ++l) multiply(layers_[l], false, prefixes_[l - 1], prefixes_[l], false);
  const Matrix& product = prefixes_.back();
  return scaled_residual(product.data, target_.data, scale, backs_.back().data, product.rows * product.stride);
}

template <class Visit>
void FactorKernel::walk_back(Visit&& visit) {
  for (std::size_t l = depth() - 1; l > 0; --l) {
    multiply(layers_[l], true, backs_[l], backs_[l - 1], false);
    const Matrix &prefix = prefixes_[l - 1], &transposed = transposed_[l - 1];
    transpose_matrix(prefix.data, prefix.stride, transposed.data, transposed.stride, prefix.rows, prefix.columns);
    visit(l, backs_[l]);
  }
}

double FactorKernel::gradient(double factor) {
  const double squares = residual(factor);
  walk_back(
      [&](std::size_t l, const Matrix& back) { multiply(back, false, transposed_[l - 1], gradients_[l], false); });
  std::memcpy(gradients_[0].data, backs_[0].data, gradients_[0].rows * gradients_[0].stride * sizeof(double));
  return squares;
}

double FactorKernel::descend(double eta, double factor) {
  const double squares = residual(-eta * factor);
  walk_back([&](std::size_t l, const Matrix& back) { multiply(back, false, transposed_[l - 1], layers_[l], true); });
  add_in_place(layers_[0].data, backs_[0].data, layers_[0].rows * layers_[0].stride);
  return squares;
}

}  // namespace talweg::models
