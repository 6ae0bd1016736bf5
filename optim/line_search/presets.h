#pragma once

#include "optim/line_search/line_search.h"

namespace talweg::optim {

// Line searches of the literature by their names: LineSearch with other defaults. Every option can still be set.

/// Gradient descent with restarts from η_max. Vaswani and Babanezhad 2025, algorithm 1 (c = 1/2, η_max = 1e8; β: ours).
struct GdLsOptions : LineSearchOptions {
  GdLsOptions() {
    start = config::Component<StartRuleKind>("max");
    acceptance = config::Component<AcceptanceKind>("armijo", {{"c", "0.5"}});
    shrink = 0.5;
    largest_step = 1e8;
  }
};

/// Stochastic line search. Vaswani et al. 2019; defaults of its authors' code, with the cap of 10 that its paper
/// states.
struct SlsOptions : LineSearchOptions {
  SlsOptions() { shrink = 0.9; }
};

/// Polyak start, non-monotone test. Galli et al. 2023.
struct PonosOptions : LineSearchOptions {
  PonosOptions() {
    start = config::Component<StartRuleKind>("polyak");
    acceptance = config::Component<AcceptanceKind>("nonmonotone", {{"c", "0.5"}});
    shrink = 0.5;
  }
};

/// Line search along the preconditioned gradient of Adam. Galli et al. 2023, AdaSLS.
struct AdaSlsOptions : LineSearchOptions {
  AdaSlsOptions() {
    direction = config::Component<DirectionKind>("adam");
    shrink = 0.9;
  }
};

/// Goldstein's two-sided test from the last step. Vaswani et al. 2019.
struct GoldsteinOptions : LineSearchOptions {
  GoldsteinOptions() {
    start = config::Component<StartRuleKind>("keep");
    acceptance = config::Component<AcceptanceKind>("goldstein");
    shrink = 0.9;
  }
};

}  // namespace talweg::optim
