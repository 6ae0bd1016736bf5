#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace talweg::config {

// Parts of a JSON schema (draft 7). A choice is written with conditions and never as an `anyOf`, so that a validator or
// an editor tells the one mistake that was made in the part that was meant, and not that no part fits.

/// A schema that accepts null besides everything that `schema` accepts.
nlohmann::json nullable_schema(nlohmann::json schema);

/// A list of what `item` accepts, one bare element of it, or null for an empty list.
nlohmann::json list_schema(const nlohmann::json& item);

/// One of several components by name and schema of its options: the bare name, `{type: NAME, …}` with the options of
/// that component, or options without a type, which belong to the default component or to a file that is extended; null
/// takes the choice of such a file away.
nlohmann::json component_schema(const std::vector<std::pair<std::string, nlohmann::json>>& components);

/// Adds a keyword such as "minimum" to every number that `schema` accepts: itself, or the elements of a list.
void limit_numbers(nlohmann::json& schema, const std::string& keyword, double limit);

/// The schema itself and all those of which it makes a choice, its elements' too, in order; references are not
/// followed.
std::vector<const nlohmann::json*> alternatives_of(const nlohmann::json& schema);

}  // namespace talweg::config
