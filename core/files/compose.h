#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/config/value.h"

namespace talweg::config {

/// Lays `over` on `base`: mappings are merged key by key, everything else is replaced; `key: null` takes away what the
/// base says of that key, so that its default holds again.
/// A component (a mapping with `type`) of another type replaces the base's as a whole,
/// so that no option of the old type survives. A component written as its bare name is the mapping `{type: NAME}`:
/// options laid over a name keep the name, and the same name laid over options keeps the options.
Value overlay(Value base, const Value& over);

/// Sets the value at a dotted path ("optimizer.learning_rate", "data.files.0"), creating mappings on the way;
/// null takes away what stands there.
/// Throws ConfigError when the path runs through a scalar or a list index that does not exist.
void set_path(Value& root, const std::string& path, Value value);

/// Sets the values at dotted paths, as if all at once: whatever order they are given in, a component is chosen before
/// its options are set. Throws ConfigError as `set_path` does, and when one assignment would leave another without
/// effect (the same path twice, or a component chosen twice).
void assign(Value& root, std::vector<std::pair<std::string, Value>> assignments);

/// Reads a configuration file with everything that may stand around it, in order of precedence
/// (lowest first): the chain of `extends:` files (relative to the file that names them), the file, the `assignments`
/// ("a.b=c", c in YAML). `${NAME}` and `${NAME:-default}` in scalars are replaced from the environment; `$${` is a
/// literal `${`. Throws ConfigError: unreadable files, circular extends, unset variables, malformed assignments.
Value load(const std::string& path, const std::vector<std::string>& assignments = {});

}  // namespace talweg::config
