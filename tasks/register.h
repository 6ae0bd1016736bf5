#pragma once

namespace talweg::tasks {

/// Registers everything a configuration can name: tasks, data sources, models, optimizers, samplers, schedules.
/// Calling it again does nothing.
void register_components();

}  // namespace talweg::tasks
