#include "optim/subspace/target_selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::optim {
namespace {

bool contains_any(const std::string& name, const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return name.find(word) != std::string::npos; });
}

std::string listed(const std::vector<std::string>& names) {
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

TargetSelection select_targets(const ParameterList& parameters, const TargetOptions& options, std::int64_t rank) {
  TargetSelection selection;
  std::vector<std::string> projected, others;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& [name, tensor] = parameters[i];
    if (tensor.scalar_type() != at::kFloat && tensor.scalar_type() != at::kDouble)
      throw ConfigError(fmt::format(
          "the parameter '{}' is of type {}; subspace optimizers need parameters of float32 or float64 (with "
          "'training.precision: bfloat16' they stay in float32)",
          name, at::toString(tensor.scalar_type())));
    const std::int64_t shorter = tensor.dim() == 2 ? std::min(tensor.size(0), tensor.size(1)) : 0;
    const bool chosen = (options.include.empty() || contains_any(name, options.include)) &&
                        !contains_any(name, options.exclude) && shorter >= options.smallest_dimension;
    if (chosen) {
      selection.projected.push_back(i);
      projected.push_back(rank > shorter ? fmt::format("{} (rank {} of {})", name, shorter, rank) : name);
    } else {
      selection.others.push_back(i);
      others.push_back(tensor.dim() > 2 ? fmt::format("{} ({} dimensions)", name, tensor.dim()) : name);
    }
  }
  selection.summary = fmt::format("rank {}, projected: {}; not projected: {}", rank, listed(projected), listed(others));
  const auto cut = static_cast<std::size_t>(std::count_if(
      selection.projected.begin(), selection.projected.end(),
      [&](std::size_t i) { return rank > std::min(parameters[i].tensor.size(0), parameters[i].tensor.size(1)); }));
  selection.counted = fmt::format("rank {}, {} of {} parameters projected{}; their names are in the report", rank,
                                  selection.projected.size(), parameters.size(),
                                  cut > 0 ? fmt::format(" ({} at a smaller rank, their own)", cut) : "");
  return selection;
}

}  // namespace talweg::optim
