#pragma once

#include "core/optimizer/optimizer.h"

namespace talweg::optim {

/// First and second moments of the gradient with the step count: the state of Adam and its relatives, in the layout
/// that LibTorch's fused kernels take. m and v have the shape and memory layout of their parameter.
class AdamMoments {
 public:
  /// `amsgrad` keeps the largest second moment as well.
  AdamMoments(const ParameterList& parameters, bool amsgrad);

  /// Counts a step; call before the kernel.
  void advance();
  std::vector<at::Tensor> first;           ///< m
  std::vector<at::Tensor> second;          ///< v
  std::vector<at::Tensor> largest_second;  ///< max of v so far, empty without amsgrad
  /// One shared scalar, repeated for every parameter: the kernels want a list.
  std::vector<at::Tensor> step_counts;

  OptimizerState state_dict(const ParameterList& parameters) const;
  void load_state_dict(const ParameterList& parameters, const OptimizerState& state);

 private:
  std::int64_t steps_ = 0;
  at::Tensor step_count_;
};

}  // namespace talweg::optim
