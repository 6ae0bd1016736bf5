#pragma once

namespace talweg::models {

/// Registers every model of this library. Calling it again does nothing.
void register_components();

}  // namespace talweg::models
