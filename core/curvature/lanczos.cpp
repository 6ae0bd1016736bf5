#include "core/curvature/lanczos.h"

#include <algorithm>
#include <cmath>

#include "core/device/host_read.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "core/linalg/machine_epsilon.h"

namespace talweg {
namespace {

/// An orthonormal basis V that grows by A times its last vector, and the projection T = VAVᵀ.
class Subspace {
 public:
  Subspace(const std::function<at::Tensor(const at::Tensor&)>& product, const at::TensorOptions& options,
           std::int64_t n, std::int64_t capacity, RandomGenerator random)
      : product_(product),
        basis_(at::empty({capacity + 1, n}, options)),
        projection_(at::zeros({capacity, capacity}, at::kDouble)),
        random_(random) {
    append_random();
  }

  std::int64_t size() const { return size_; }
  std::int64_t products() const { return products_; }
  std::int64_t dimension() const { return basis_.size(1); }

  /// Multiplies the newest vector; what is orthogonal to the basis becomes the next one.
  void extend() {
    at::Tensor next = multiply(basis_[size_]);
    const at::Tensor known = basis_.narrow(0, 0, size_ + 1);
    at::Tensor coefficients = known.mv(next);
    next = next - known.t().mv(coefficients);
    const at::Tensor correction = known.mv(next);  // the second pass of Gram and Schmidt
    next = next - known.t().mv(correction);
    coefficients = coefficients + correction;
    const std::vector<double> read = host_read(at::cat({coefficients, next.norm().unsqueeze(0)}));
    double* row = projection_.mutable_data_ptr<double>() + size_ * projection_.size(1);
    for (std::int64_t i = 0; i <= size_; ++i) {
      row[i] = read[static_cast<std::size_t>(i)];
      projection_.mutable_data_ptr<double>()[i * projection_.size(1) + size_] = row[i];
    }
    ++size_;
    residual_ = read.back();
    if (!std::isfinite(residual_)) throw TrainingError("a Hessian-vector product is not finite");
    scale_ = std::max(scale_, std::sqrt(std::inner_product(read.begin(), read.end(), read.begin(), 0.0)));
    if (size_ == dimension()) return;
    if (residual_ > 10 * epsilon() * scale_)
      basis_[size_].copy_(next / residual_);
    else
      append_random();  // the space is invariant
  }

  /// Ritz values, smallest first, and the coefficients of their vectors as columns.
  std::pair<std::vector<double>, at::Tensor> ritz() const {
    const auto [values, vectors] = at::linalg_eigh(projection_.narrow(0, 0, size_).narrow(1, 0, size_));
    return {host_read(values), vectors};
  }

  /// ‖Av − θv‖ of the Ritz pair in this column: what leaves the space does so through its last vector.
  double residual(const at::Tensor& columns, std::int64_t column) const {
    return residual_ *
           std::abs(columns.const_data_ptr<double>()[(size_ - 1) * columns.stride(0) + column * columns.stride(1)]);
  }

  at::Tensor vectors(const at::Tensor& columns) const {
    return columns.t().to(basis_.device(), basis_.scalar_type()).mm(basis_.narrow(0, 0, size_));
  }

  /// Keeps the Ritz pairs of these columns and the newest vector; the rest is forgotten.
  void restart(const at::Tensor& columns, const std::vector<double>& values) {
    const at::Tensor kept = vectors(columns), newest = basis_[size_].clone();
    const auto count = static_cast<std::int64_t>(values.size());
    basis_.narrow(0, 0, count).copy_(kept);
    projection_.zero_();
    for (std::int64_t i = 0; i < count; ++i)
      projection_.mutable_data_ptr<double>()[i * projection_.size(1) + i] = values[static_cast<std::size_t>(i)];
    size_ = count;
    basis_[size_].copy_(newest);
  }

  /// Puts a random direction in the place of the newest vector.
  void append_random() {
    at::Tensor direction = at::empty({dimension()}, at::kDouble);
    for (std::int64_t i = 0; i < dimension(); ++i) direction.mutable_data_ptr<double>()[i] = random_.normal();
    direction = direction.to(basis_.device(), basis_.scalar_type());
    const at::Tensor known = basis_.narrow(0, 0, size_);
    for (int pass = 0; pass < 2; ++pass) {
      direction = direction - known.t().mv(known.mv(direction));
      direction = direction / direction.norm();
    }
    basis_[size_].copy_(direction);
  }

  at::Tensor multiply(const at::Tensor& vector) {
    ++products_;
    return product_(vector);
  }

  double epsilon() const { return linalg::machine_epsilon(basis_.scalar_type()); }

 private:
  const std::function<at::Tensor(const at::Tensor&)>& product_;
  at::Tensor basis_;       // [capacity + 1, n]
  at::Tensor projection_;  // T, on the host
  RandomGenerator random_;
  std::int64_t size_ = 0;  // vectors that were multiplied; one more waits in the basis
  std::int64_t products_ = 0;
  double residual_ = 0;  // how far the last product leaves the space
  double scale_ = 0;     // of A
};

/// The columns of the `count` largest Ritz values, largest first.
at::Tensor largest_columns(const at::Tensor& columns, std::int64_t count) {
  return columns.narrow(1, columns.size(1) - count, count).flip(1).contiguous();
}

std::vector<double> largest_values(const std::vector<double>& ascending, std::int64_t count) {
  return {ascending.rbegin(), ascending.rbegin() + count};
}

}  // namespace

LargestEigenvalues largest_eigenvalues(const std::function<at::Tensor(const at::Tensor&)>& product,
                                       const at::TensorOptions& vectors, std::int64_t n, const LanczosOptions& options,
                                       RandomGenerator random) {
  torch::NoGradGuard no_grad;
  const std::int64_t wanted = std::min(options.eigenvalues, n);
  const std::int64_t capacity = std::min(n, 4 * wanted + 60);
  const std::int64_t kept = std::min(capacity - 1, 2 * wanted + 10);
  Subspace space(product, vectors, n, capacity, random);
  std::vector<double> verified;  // what had converged before the space was extended at random
  LargestEigenvalues result;
  while (true) {
    space.extend();
    const bool full = space.size() == capacity, exhausted = space.products() >= options.most_products;
    if (space.size() < wanted || !(full || exhausted || space.size() % 4 == 0)) continue;
    const auto [ascending, columns] = space.ritz();
    const double magnitude = std::max(std::abs(ascending.front()), std::abs(ascending.back()));
    const at::Tensor top = largest_columns(columns, wanted);
    result.values = largest_values(ascending, wanted);
    bool converged = space.size() == n;
    if (!converged) {
      converged = true;
      for (std::int64_t i = 0; i < wanted; ++i)
        converged = converged && space.residual(top, i) <= options.tolerance * magnitude;
    }
    bool settled = converged && (wanted == 1 || space.size() == n);
    if (converged && !settled && !verified.empty()) {
      settled = true;
      for (std::size_t i = 0; i < verified.size(); ++i)
        settled = settled && std::abs(verified[i] - result.values[i]) <= 10 * options.tolerance * magnitude;
    }
    if (settled || exhausted) {
      result.smallest = ascending.front();
      result.vectors = space.vectors(top);
      result.converged = true;
      for (std::int64_t i = 0; i < wanted; ++i) {
        const at::Tensor v = result.vectors[i];
        const double value = result.values[static_cast<std::size_t>(i)];
        result.residuals.push_back(host_read((space.multiply(v) - value * v).norm()).front());
        // Rounding alone leaves about √n·ε.
        const double floor = 10 * space.epsilon() * std::sqrt(static_cast<double>(n));
        result.converged =
            result.converged && result.residuals.back() <= std::max(2 * options.tolerance, floor) * magnitude;
      }
      result.products = space.products();
      return result;
    }
    if (converged) {
      verified = result.values;
      const std::int64_t count = std::min(kept, space.size());
      space.restart(largest_columns(columns, count), largest_values(ascending, count));
      space.append_random();
    } else if (full) {
      space.restart(largest_columns(columns, kept), largest_values(ascending, kept));
    }
  }
}

}  // namespace talweg
