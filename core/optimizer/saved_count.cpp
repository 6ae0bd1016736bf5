#include "core/optimizer/saved_count.h"

#include <fmt/format.h>

#include "core/error.h"

namespace talweg {

std::int64_t saved_count(const OptimizerState& state, const std::string& name) {
  const auto found = state.values.find(name);
  if (found == state.values.end() || !found->is_number_integer())
    throw DataError(fmt::format("optimizer state has no '{}'; was it written by another optimizer?", name));
  return found->get<std::int64_t>();
}

}  // namespace talweg
