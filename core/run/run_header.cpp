#include "core/run/run_header.h"

#include "core/device/device_name.h"

namespace talweg {

void declare(config::Fields& f, RunHeader& o) {
  f("name", o.name, "names the run directory and the report");
  f("description", o.description, "a sentence on what the run shows, for the report");
  f("seed", o.seed, "all random numbers derive from it", config::at_least(0));
  f("device", o.device,
    "cpu, an accelerator (cuda, xpu, mps), one of several (cuda:N), or auto (an accelerator when there is one)");
}

void validate(const RunHeader& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (const std::string defect = defect_of_device_name(o.device); !defect.empty())
    diagnostics.error(where.at("device"), defect);
  if (o.name.empty() || o.name.find('/') != std::string::npos || o.name.starts_with('.'))
    diagnostics.error(where.at("name"), "'name' becomes a folder: not empty, without '/', not starting with '.'");
}

}  // namespace talweg
