#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "core/optimizer/needs_no_gradient.h"
#include "core/optimizer/needs_of_task.h"
#include "core/optimizer/one_gradient.h"
#include "core/optimizer/optimizer.h"
#include "core/optimizer/shardable.h"

namespace talweg {

/// Uses of optimizers of type T beside training, and their needs of a task: the words of the interfaces they
/// inherit.
template <std::derived_from<Optimizer> T>
std::vector<std::string> abilities_of() {
  std::vector<std::string> abilities;
  if constexpr (std::derived_from<T, OneGradient>) abilities.emplace_back(OneGradient::ability);
  if constexpr (std::derived_from<T, NeedsNoGradient>) abilities.emplace_back(NeedsNoGradient::ability);
  if constexpr (std::derived_from<T, Shardable>) abilities.emplace_back(Shardable::ability);
  if constexpr (std::derived_from<T, NeedsSmoothness>) abilities.emplace_back(NeedsSmoothness::ability);
  if constexpr (std::derived_from<T, NeedsNaturalGradient>) abilities.emplace_back(NeedsNaturalGradient::ability);
  return abilities;
}

/// The registered optimizers with an ability, for messages: " (adam, adamw, sgd)"; empty where none is registered.
std::string optimizers_with(const std::string& ability);

}  // namespace talweg
