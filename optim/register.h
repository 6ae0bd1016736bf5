#pragma once

#include <memory>

#include "core/config/component.h"
#include "core/optimizer/optimizer.h"

namespace talweg::optim {

/// Registers every optimizer of this library. Calling it again does nothing.
void register_components();

/// The optimizer that an option chooses, on these parameters; in a program that has registered nothing too. Throws
/// ConfigError as its constructor does.
std::unique_ptr<Optimizer> create_chosen(const config::Component<OptimizerKind>& chosen,
                                         const ParameterList& parameters);

}  // namespace talweg::optim
