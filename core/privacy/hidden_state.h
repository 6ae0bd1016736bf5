#pragma once

#include <cstdint>

#include "core/privacy/mechanism.h"

namespace talweg::privacy {

// Certified Rényi bounds for DP-SGD on a bounded domain of which only the last iterate is released (replace-one).
// They are ours: the proof of Liang et al. 2026 (shifted Rényi divergence, a map that expands by c = 1 + ηL, the noise
// split into shares β and 1 − β) with the two chains coupled through the same batches, so that the differing example is
// counted where it is used instead of being averaged over the batches, and with the shift absorbed over the last k
// steps instead of the last one. With S_k the cost of absorbing the diameter over k steps,
//
//     S_k = D²(c² − 1)/(1 − c^{−2k}),   D²/k when c = 1,
//
// the loss is at most  min over k, β of  [loss of the uses in the last k steps, with the share β of the noise]
// + αS_k/(2η²σ²(1 − β)), and never more than composition over all steps. The mechanism must have a domain with a
// smoothness, a learning rate, a batch size and noise.

/// S_k for an expansion c ≥ 1 per step.
double absorbed_shift(double diameter, double expansion, double steps);

/// A bound on a Rényi divergence and the k it is the bound of: all steps where composition is better than any split.
struct HiddenStateBound {
  double divergence = 0;
  std::int64_t last_steps = 0;
};

/// ε(α)/α for shuffled or sequential epochs. An example is used ⌈kq⌉ times in the last k steps of whole epochs, once
/// more when the last epoch is cut short.
HiddenStateBound shuffle_bounded_bound(const Mechanism& mechanism, std::int64_t steps);

/// ε(α), for integer α ≥ 2, when every step draws a fresh subset; each use costs without_replacement_rdp.
HiddenStateBound without_replacement_bounded_bound(const Mechanism& mechanism, std::int64_t steps, double order);

/// The largest number of uses of one example of shuffled or sequential epochs in `steps` steps that follow `before`
/// steps: the number of epochs they touch.
double uses_of_one_example(const Mechanism& mechanism, std::int64_t steps, std::int64_t before = 0);

}  // namespace talweg::privacy
