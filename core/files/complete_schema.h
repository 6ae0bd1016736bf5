#pragma once

#include <nlohmann/json.hpp>

namespace talweg::config {

/// The JSON schema (draft 7) of a configuration whose top level has the given schema: adds `extends` and `sweep`,
/// and a definition for every kind of component.
nlohmann::json complete_schema(nlohmann::json top_level);

}  // namespace talweg::config
