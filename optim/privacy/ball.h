#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace talweg::optim {

/// The ball {θ : ‖θ − c‖ ≤ R} of all parameters together, with one Euclidean norm over their concatenation.
class Ball {
 public:
  /// Around the parameters as they stand, or around zero. `radius` > 0.
  static Ball around(const std::vector<at::Tensor>& centre, double radius);
  static Ball around_zero(double radius) { return Ball({}, radius); }

  /// θ ← c + (θ − c)·min(1, R/‖θ − c‖).
  void project(const std::vector<at::Tensor>& parameters) const;

  const std::vector<at::Tensor>& centre() const { return centre_; }  ///< empty: zero
  void set_centre(std::vector<at::Tensor> centre) { centre_ = std::move(centre); }

 private:
  Ball(std::vector<at::Tensor> centre, double radius) : centre_(std::move(centre)), radius_(radius) {}
  std::vector<at::Tensor> centre_;
  double radius_;
};

}  // namespace talweg::optim
