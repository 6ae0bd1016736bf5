#include "core/optimizer/abilities.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/libtorch.h"

namespace talweg {

std::string optimizers_with(const std::string& ability) {
  const std::vector<std::string> names = config::Registry<OptimizerKind>::instance().names_with(ability);
  return names.empty() ? std::string() : fmt::format(" ({})", fmt::join(names, ", "));
}

}  // namespace talweg
