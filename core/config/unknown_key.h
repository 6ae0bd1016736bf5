#pragma once

#include <string>
#include <vector>

#include "core/config/diagnostics.h"

namespace talweg::config {

/// Advice for a person who wrote a key that the innermost of these sections does not have: what other trainers' word is
/// called here
/// (`max_steps`), where the key belongs when another section or component has it, else the nearest name.
std::string hint_for_unknown_key(const std::string& key, const std::vector<OpenSection>& sections);

}  // namespace talweg::config
