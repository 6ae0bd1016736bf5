#pragma once

#include <cstdint>

namespace talweg {

/// Steps beyond the state that a run goes on from, which earlier sessions made and of which something was written out.
struct LostSteps {
  std::int64_t made = 0;    ///< how many were made since that state was saved; one that was made twice counts twice
  std::int64_t beyond = 0;  ///< how many different ones were ever made
  /// Whether they will be others: the run goes on with other data or another configuration than made them.
  bool differ = false;
};

}  // namespace talweg
