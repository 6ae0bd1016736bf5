#pragma once

#include "optim/adam.h"

namespace talweg::optim {

/// θ is multiplied by 1 − ηλ, outside the moments.
struct DecoupledDecay {
  static constexpr double usual = 0.01;
  static constexpr const char* meaning = "decoupled decay lambda: theta is multiplied by 1 - eta*lambda";
};

/// AdamW: Adam whose weight decay acts on the parameters, not through the moments: θ ← (1−ηλ)θ − η·m̂/(√v̂ + ε).
/// Source: Loshchilov and Hutter 2019, algorithm 2.
using AdamW = AdamWith<DecoupledDecay>;
using AdamWOptions = AdamOptionsWith<DecoupledDecay>;

}  // namespace talweg::optim
