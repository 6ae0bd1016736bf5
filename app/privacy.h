#pragma once

#include "app/invocation.h"

namespace talweg::app {

/// `talweg privacy`: (ε, δ) of a DP-SGD run, or the noise for a wanted ε, as a table, a chart in the terminal and on
/// request a picture. It needs no tensors and runs in the front. Throws UsageError and ConfigError.
int privacy(const Invocation& invocation);

}  // namespace talweg::app
