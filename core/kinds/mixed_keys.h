#pragma once

#include <string>
#include <vector>

#include "core/config/diagnostics.h"
#include "core/config/value.h"

namespace talweg {

/// Top-level keys of a configuration that one kind of run alone has. Agents make trainings, and have the keys of those.
struct ForeignKeys {
  std::vector<std::string> of_trainings;  ///< "task", "optimizer", …
  std::vector<std::string> of_studies;    ///< "study", …
};
ForeignKeys foreign_keys();

/// Tells a file that mixes kinds of run which key belongs to what, at its line and column. Returns what is left of the
/// configuration without those keys, to be read for its other mistakes.
config::Value without_mixed_keys(const config::Value& root, config::Diagnostics& diagnostics);

}  // namespace talweg
