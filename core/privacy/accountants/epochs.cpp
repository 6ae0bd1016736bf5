#include <cmath>

#include "core/privacy/accountants/families.h"
#include "core/privacy/gaussian.h"
#include "core/privacy/hidden_state.h"
#include "core/privacy/rdp_conversion.h"

namespace talweg::privacy {
namespace {

/// k uses of one example with noise multiplier s are one Gaussian mechanism with μ = √k/s: exact.
PrivacySpent shuffle_gauss(const Ledger& ledger, double delta, NeighbouringRelation relation) {
  double square = 0;
  std::int64_t before = 0;
  for (const auto& [m, steps] : ledger.entries()) {
    const double mu = sensitivity(relation) / m.noise_multiplier;
    square += uses_of_one_example(m, steps, before) * mu * mu;
    before += steps;
  }
  return {.epsilon = gaussian_epsilon(std::sqrt(square), delta)};
}

std::string dc_shuffle_misfit(const Mechanism& m) {
  const std::string sampler = epoch_misfit(m);
  return sampler.empty() ? bounded_domain_misfit(m) : sampler;
}

PrivacySpent dc_shuffle(const Ledger& ledger, double delta, NeighbouringRelation) {
  const auto& [mechanism, steps] = only_entry(ledger, "dc_shuffle");
  const HiddenStateBound bound = shuffle_bounded_bound(mechanism, steps);
  const BestOrder best = epsilon_of_linear_rdp(bound.divergence, delta);
  return {.epsilon = best.epsilon, .order = best.order, .last_steps = bound.last_steps};
}

}  // namespace

Accountant shuffle_gauss_accountant() {
  return {.name = "shuffle_gauss",
          .summary = "one Gaussian release per epoch, shuffled or sequential: exact composition, no amplification",
          .source = "Balle and Wang 2018",
          .relations = {NeighbouringRelation::replace_one, NeighbouringRelation::zero_out_one},
          .misfit = epoch_misfit,
          .compute = shuffle_gauss};
}

Accountant dc_shuffle_accountant() {
  return {.name = "dc_shuffle",
          .summary = "hidden state on a bounded domain, smooth losses, shuffled or sequential epochs",
          .source = "ours, after Liang et al. 2026",
          .relations = {NeighbouringRelation::replace_one},
          .misfit = dc_shuffle_misfit,
          .compute = dc_shuffle};
}

}  // namespace talweg::privacy
