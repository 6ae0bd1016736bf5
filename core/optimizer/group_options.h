#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/optimizer/optimizer.h"

namespace talweg {

/// Parameters that an optimizer treats otherwise than the rest: an entry of `optimizer.groups`. A parameter belongs to
/// the first group that names it.
struct GroupOptions {
  std::vector<std::string> parameters;   ///< patterns of names; * stands for any text, ? for one character
  double learning_rate_factor = 1;       ///< times the learning rate, so that schedules act on the group; ≥ 0
  std::optional<double> weight_decay{};  ///< λ in place of the optimizer's; ≥ 0
};
void declare(config::Fields& f, GroupOptions& o);
void validate(const GroupOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// The words of the option `groups`, for every optimizer that has it.
inline constexpr const char* kGroupsMeaning =
    "parameters that are treated otherwise than the rest: no decay of biases and norms, other learning rates";

/// For every parameter the index of its group; groups.size() where none names it. Throws ConfigError, with a
/// suggestion, for a pattern that no name matches, and for a group whose parameters all belong to earlier ones.
std::vector<std::size_t> assign_groups(const ParameterList& parameters, const std::vector<GroupOptions>& groups);

/// Learning rate and decay of one parameter, by its group or as one of the rest.
struct ParameterTreatment {
  double learning_rate_factor = 1;
  double weight_decay = 0;
  bool operator==(const ParameterTreatment&) const = default;
};

/// The treatment of every parameter, where `weight_decay` is that of what no group says otherwise. For optimizers that
/// go through their parameters one by one. Throws as assign_groups() does.
std::vector<ParameterTreatment> treatments(const ParameterList& parameters, const std::vector<GroupOptions>& groups,
                                           double weight_decay);

}  // namespace talweg
