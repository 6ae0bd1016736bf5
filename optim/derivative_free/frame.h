#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "core/random/random_streams.h"

namespace talweg::optim {

/// The directions u_1 … u_r along which a function of d variables is differentiated, and how a gradient is put together
/// from the slopes along them: ĝ = scale·Σ θ_i u_i.
class Frame {
 public:
  /// The d coordinates.
  static Frame coordinates(std::int64_t dimension);
  /// r ≤ d orthonormal directions of random orientation; ĝ is the gradient's projection on what they span.
  static Frame orthonormal(std::int64_t count, std::int64_t dimension, RandomGenerator generator);
  /// r directions of random signs ±1, as SPSA takes them; ĝ is the mean of θ_i u_i.
  static Frame signs(std::int64_t count, std::int64_t dimension, RandomGenerator generator);
  /// r directions of independent standard normal numbers; ĝ is the mean of θ_i u_i.
  static Frame gaussian(std::int64_t count, std::int64_t dimension, RandomGenerator generator);

  std::int64_t count() const { return count_; }
  std::int64_t dimension() const { return dimension_; }
  /// point += h·u_i.
  void displace(double* point, std::int64_t i, double h) const;
  /// ĝ, [d], of the r slopes.
  at::Tensor combine(std::span<const double> slopes) const;
  /// Squared lengths ‖u_i‖².
  double squared_length(std::int64_t i) const;

 private:
  Frame(std::int64_t count, std::int64_t dimension, at::Tensor rows, double scale)
      : count_(count), dimension_(dimension), rows_(std::move(rows)), scale_(scale) {}

  std::int64_t count_, dimension_;
  at::Tensor rows_;  // [r, d]; undefined: the coordinates
  double scale_;
};

}  // namespace talweg::optim
