#pragma once

#include <vector>

namespace talweg {

/// An optimizer that changes each parameter with the help of state that belongs to this parameter, so that ranks can
/// each keep, and apply, the state of a part of them. Optimizers of that kind inherit it beside Optimizer.
class Shardable {
 public:
  static constexpr const char* ability = "can divide its state among ranks";
  virtual ~Shardable() = default;
  /// Lets go of the state of the parameters that are not `kept` (one entry per parameter). From now on a step moves the
  /// kept ones alone, and state_dict() holds their state, with what is common to all. Called before the first step and
  /// before a state is loaded.
  virtual void keep_state_of(const std::vector<bool>& kept) = 0;
};

}  // namespace talweg
