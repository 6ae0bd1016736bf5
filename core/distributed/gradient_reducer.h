#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "core/distributed/process_group.h"

namespace talweg::distributed {

/// Sums gradients over the ranks while the backward pass goes on: c10d's Reducer, in buckets that are sent as soon as
/// they are complete, in the order in which they became so in the first step. Works through hooks on the parameters,
/// which are quiet unless begin() was called.
class GradientReducer {
 public:
  /// `used`: for each parameter whether its gradient is known to take part in every backward pass.
  GradientReducer(ProcessGroup& group, const std::vector<std::pair<std::string, at::Tensor>>& parameters,
                  const std::vector<bool>& used);
  ~GradientReducer();

  /// Announces the backward pass from `loss`, on every rank. When it has ended, `.grad` of every parameter is the sum
  /// over ranks of what had accumulated there.
  void begin(const at::Tensor& loss);

  /// Whether an exchange went wrong in the last backward pass; the group then says which rank was lost.
  bool failed() const;
  std::string failure() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace talweg::distributed
