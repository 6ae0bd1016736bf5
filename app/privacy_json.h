#pragma once

#include <nlohmann/json.hpp>

#include "app/privacy_question.h"

namespace talweg::app {

/// The answer to a question with all digits: the mechanism, every accountant's ε with its Rényi order and, of bounds
/// for a bounded domain, the k of the last steps; ε against steps; the statement to quote. Numbers that are not finite
/// are "inf". Throws ConfigError when the chosen accountant does not fit.
nlohmann::ordered_json to_json(const PrivacyQuestion& question);

}  // namespace talweg::app
