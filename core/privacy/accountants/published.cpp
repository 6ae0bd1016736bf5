#include "core/privacy/published_bounds.h"

#include "core/privacy/accountants/families.h"
#include "core/privacy/rdp_conversion.h"

namespace talweg::privacy {
namespace {

const char* const no_certificate =
    "This evaluates a formula as a note on the paper and its code give it. It is no certificate for Poisson samples or fresh subsets: there the true "
    "Rényi "
    "divergence exceeds its linear term at orders above about 3.";

/// In the formulas only q, s and what the domain adds remain: with σ = sC/b, 2C²T/(nbσ²) = 2qT/s².
BoundSetting setting_of(const Mechanism& m) {
  const double batch = m.batch_size > 0 ? m.batch_size : 1;
  return {.smoothness = m.domain ? m.domain->smoothness.value_or(0) : 0,
          .clip_norm = m.clip_norm,
          .noise = m.noise_multiplier * m.clip_norm / batch,
          .diameter = m.domain ? 2 * m.domain->radius : 0,
          .examples = batch / m.sampling_rate,
          .batch = batch,
          .learning_rate = m.learning_rate};
}

PrivacySpent from_linear(double rho, double delta) {
  const BestOrder best = epsilon_of_linear_rdp(rho, delta);
  return {.epsilon = best.epsilon, .order = best.order, .warnings = {no_certificate}};
}

PrivacySpent paper_gc(const Ledger& ledger, double delta, NeighbouringRelation) {
  double rho = 0;
  for (const auto& [m, steps] : ledger.entries())
    rho += unbounded_domain_bound(setting_of(m), static_cast<double>(steps));
  return from_linear(rho, delta);
}

PrivacySpent paper_dc(const Ledger& ledger, double delta, NeighbouringRelation) {
  const auto& [m, steps] = only_entry(ledger, "paper_dc");
  return from_linear(bounded_domain_bound(setting_of(m), static_cast<double>(steps)), delta);
}

std::string always_fits(const Mechanism&) {
  return "";
}

}  // namespace

Accountant paper_gc_accountant() {
  return {.name = "paper_gc",
          .summary = "the published bound 2αC²T/(nbσ²) for an unbounded domain",
          .source = "Liang et al. 2026, theorem 3.3",
          .guarantee = Guarantee::paper_formula,
          .relations = {NeighbouringRelation::replace_one},
          .misfit = always_fits,
          .compute = paper_gc};
}

Accountant paper_dc_accountant() {
  return {.name = "paper_dc",
          .summary = "the published bound for a bounded domain and smooth losses",
          .source = "Liang et al. 2026, theorem 3.4",
          .guarantee = Guarantee::paper_formula,
          .relations = {NeighbouringRelation::replace_one},
          .misfit = bounded_domain_misfit,
          .compute = paper_dc};
}

}  // namespace talweg::privacy
