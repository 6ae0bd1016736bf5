#pragma once

#include <cstdint>
#include <string>

#include "core/config/fields.h"

namespace talweg {

/// The entries that every configuration begins with, whatever it runs.
struct RunHeader {
  std::string name = "run";
  std::string description;
  std::int64_t seed = 0;
  std::string device = "auto";
};
void declare(config::Fields& f, RunHeader& o);
void validate(const RunHeader& o, const config::Value& where, config::Diagnostics& diagnostics);

}  // namespace talweg
