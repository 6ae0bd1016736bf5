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
  /// `used`: for each parameter whether the first backward pass gave it a gradient, on all ranks. Where all did so, and
  /// options().find_unused_parameters is off, every later one is expected to.
  GradientReducer(ProcessGroup& group, const std::vector<std::pair<std::string, at::Tensor>>& parameters,
                  const std::vector<bool>& used);
  ~GradientReducer();

  /// Announces the backward pass from `loss`, on every rank. When it has ended, `.grad` of every parameter is the sum
  /// over ranks of what had accumulated there.
  void begin(const at::Tensor& loss);

  /// After the backward pass: counts what it sent as the group's traffic. Returns whether everything was exchanged;
  /// otherwise some parameter was not used in it after all.
  bool end();
  /// The fault of an exchange, when the backward pass threw; the group then says which rank was lost. Empty: the
  /// error is another one.
  std::string failure() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace talweg::distributed
