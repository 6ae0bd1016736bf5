#pragma once

#include <vector>

#include "core/distributed/process_group.h"
#include "core/optimizer/optimizer.h"

namespace talweg {

/// Optimizer state that is spread over the ranks: each keeps that of some parameters, moves them, and hands them to the
/// others, so that a rank's state takes 1/size of the memory. Source: Rajbhandari et al. 2020, ZeRO stage 1, with whole
/// parameters as the pieces.
class ShardedState {
 public:
  /// Divides the parameters by size, the largest first to the rank that has least. Throws ConfigError when the
  /// optimizer's state cannot be divided.
  ShardedState(distributed::ProcessGroup& group, Optimizer& optimizer);

  /// After a step: every rank takes over the parameters that others have moved.
  void exchange_parameters();
  /// The state of all parameters, on rank 0; the others are left with their own.
  OptimizerState gather(OptimizerState own);

  /// The rank that keeps each parameter.
  const std::vector<std::int64_t>& owners() const { return owners_; }

 private:
  distributed::ProcessGroup& group_;
  ParameterList parameters_;
  std::vector<std::int64_t> owners_;
};

/// For each of these sizes the rank that takes it.
std::vector<std::int64_t> divide(const std::vector<std::int64_t>& sizes, std::int64_t ranks);

}  // namespace talweg
