#include "core/run/run_header.h"

namespace talweg {

void declare(config::Fields& f, RunHeader& o) {
  f("name", o.name, "names the run directory and the report");
  f("description", o.description, "a sentence on what the run shows, for the report");
  f("seed", o.seed, "all random numbers derive from it", config::at_least(0));
  f("device", o.device, "cpu, cuda, cuda:N, or auto (a GPU when there is one)");
}

void validate(const RunHeader& o, const config::Value& where, config::Diagnostics& diagnostics) {
  const auto digits = [](const std::string& s) {
    return !s.empty() && s.find_first_not_of("0123456789") == std::string::npos;
  };
  const bool known = o.device == "auto" || o.device == "cpu" || o.device == "cuda" ||
                     (o.device.starts_with("cuda:") && o.device.size() < 9 && digits(o.device.substr(5)));
  if (!known)
    diagnostics.error(where.at("device"), "'device' takes cpu, cuda, cuda:N or auto, found '" + o.device + "'");
  if (o.name.empty() || o.name.find('/') != std::string::npos || o.name.starts_with('.'))
    diagnostics.error(where.at("name"), "'name' becomes a folder: not empty, without '/', not starting with '.'");
}

}  // namespace talweg
