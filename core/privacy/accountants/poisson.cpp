#include <cmath>

#include "core/privacy/accountants/families.h"
#include "core/privacy/gaussian.h"
#include "core/privacy/loss_distribution/poisson_loss.h"
#include "core/privacy/rdp_conversion.h"
#include "core/privacy/sampled_gaussian_rdp.h"

namespace talweg::privacy {
namespace {

PrivacySpent sgm_rdp(const Ledger& ledger, double delta, NeighbouringRelation) {
  const auto curve = [&](double order) {
    double sum = 0;
    for (const auto& [m, steps] : ledger.entries())
      sum += static_cast<double>(steps) * sampled_gaussian_rdp(m.sampling_rate, m.noise_multiplier, order);
    return sum;
  };
  const BestOrder best = best_epsilon(curve, delta, standard_orders());
  return {.epsilon = best.epsilon, .order = best.order, .warnings = order_warnings(best.at_end, best.order)};
}

PrivacySpent pld(const Ledger& ledger, double delta, NeighbouringRelation) {
  std::vector<SampledGaussian> parts;
  for (const auto& [m, steps] : ledger.entries()) parts.push_back({m.sampling_rate, m.noise_multiplier, steps});
  const EpsilonInterval interval = poisson_epsilon(parts, delta);
  return {.epsilon = interval.upper, .at_least = interval.lower};
}

/// μ² = Σ steps·q²(e^{1/s²} − 1), the central-limit approximation of Bu et al. 2020.
PrivacySpent gdp(const Ledger& ledger, double delta, NeighbouringRelation) {
  double square = 0;
  for (const auto& [m, steps] : ledger.entries())
    square += static_cast<double>(steps) * m.sampling_rate * m.sampling_rate *
              std::expm1(1 / (m.noise_multiplier * m.noise_multiplier));
  return {.epsilon = gaussian_epsilon(std::sqrt(square), delta),
          .warnings = {"This is a limit for many steps and known to be below the true ε: it is no guarantee."}};
}

const std::vector<NeighbouringRelation> relations = {NeighbouringRelation::add_or_remove_one,
                                                     NeighbouringRelation::zero_out_one};

}  // namespace

Accountant sgm_rdp_accountant() {
  return {.name = "sgm_rdp",
          .summary = "Rényi divergence of the sampled Gaussian mechanism, Poisson samples",
          .source = "Mironov et al. 2019",
          .relations = relations,
          .misfit = poisson_misfit,
          .compute = sgm_rdp};
}

Accountant pld_accountant() {
  return {.name = "pld",
          .summary = "privacy loss distribution, Poisson samples: upper and lower bound",
          .source = "Koskela et al. 2020; Doroshenko et al. 2022; tilting and bounds ours",
          .relations = relations,
          .misfit = poisson_misfit,
          .compute = pld};
}

Accountant gdp_accountant() {
  return {.name = "gdp",
          .summary = "Gaussian differential privacy by the central limit theorem, Poisson samples",
          .source = "Bu et al. 2020",
          .guarantee = Guarantee::approximate,
          .relations = relations,
          .misfit = poisson_misfit,
          .compute = gdp};
}

}  // namespace talweg::privacy
