#pragma once

namespace talweg::optim {

/// Registers every optimizer of this library. Calling it again does nothing.
void register_components();

}  // namespace talweg::optim
