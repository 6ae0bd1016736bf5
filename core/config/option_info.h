#pragma once

#include <string>
#include <vector>

#include "core/config/value.h"

namespace talweg::config {

/// An option as `talweg describe` shows it.
struct OptionInfo {
  std::string name;
  std::string type;         ///< "integer", "section", or the kind of component that it chooses
  std::string doc;          ///< what it is for
  std::string constraints;  ///< "at least 1, below 10"; may be empty
  bool required = false;
  Value default_value;
  std::vector<OptionInfo> options;  ///< of a section, an optional one and a list of them too: what is in it
};

}  // namespace talweg::config
