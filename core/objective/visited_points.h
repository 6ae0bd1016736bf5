#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace talweg {

/// Parameters that stand at other points for a while; they are put back bit for bit at the end of its life.
class VisitedPoints {
 public:
  explicit VisitedPoints(const std::vector<at::Tensor>& parameters);
  ~VisitedPoints();
  VisitedPoints(const VisitedPoints&) = delete;
  VisitedPoints& operator=(const VisitedPoints&) = delete;
  /// `point` is [d], of all parameters in order; it is rounded to their type. Throws c10::ValueError for another d.
  void move_to(const at::Tensor& point);

 private:
  std::vector<at::Tensor> parameters_, origin_;
};

/// All parameters in order as one vector, [d] float64 on the CPU.
at::Tensor flat_point(const std::vector<at::Tensor>& parameters);

/// Puts the parameters at a point: [d], rounded to their type. Throws c10::ValueError for another d.
void place_at(const std::vector<at::Tensor>& parameters, const at::Tensor& point);

}  // namespace talweg
