#pragma once

#include <nlohmann/json.hpp>

#include "app/invocation.h"

namespace talweg::app {

/// Everything that a number may depend on besides the configuration: versions, processor, device, threads, command,
/// time.
nlohmann::json describe_environment(const Invocation& invocation);

}  // namespace talweg::app
