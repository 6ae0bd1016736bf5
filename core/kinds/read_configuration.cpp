#include "core/kinds/read_configuration.h"

#include "core/files/compose.h"
#include "core/files/sweep.h"

namespace talweg {

ReadConfiguration read_configuration(const std::string& file, const std::vector<std::string>& assignments) {
  ReadConfiguration read{config::load(file, assignments), {}, {}};
  for (const config::SweepPoint& point : config::expand_sweep(read.root)) {
    read.recipes.push_back(parse_recipe(point.config));
    read.labels.push_back(point.label());
  }
  return read;
}

}  // namespace talweg
