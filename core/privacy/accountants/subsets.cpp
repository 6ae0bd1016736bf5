#include <cmath>
#include <vector>

#include "core/privacy/accountants/families.h"
#include "core/privacy/hidden_state.h"
#include "core/privacy/rdp_conversion.h"
#include "core/privacy/without_replacement_rdp.h"

namespace talweg::privacy {
namespace {

/// The bound is a theorem at integer orders.
const std::vector<double>& integer_orders() {
  static const std::vector<double> orders = [] {
    std::vector<double> list;
    for (int order = 2; order <= 128; ++order) list.push_back(order);
    for (const int order : {192, 256, 512, 1024}) list.push_back(order);
    return list;
  }();
  return orders;
}

/// The smallest ε over all orders: the curve is an upper bound and need not be convex, so that none is left out.
PrivacySpent best_of_all(const RdpCurve& curve, double delta) {
  PrivacySpent spent{.epsilon = INFINITY};
  const std::vector<double>& orders = integer_orders();
  for (const double order : orders) {
    const double epsilon = epsilon_at_order(curve(order), order, delta);
    if (!(epsilon < spent.epsilon)) continue;
    spent.epsilon = epsilon;
    spent.order = order;
  }
  if (spent.order)
    spent.warnings = order_warnings(spent.order == orders.front() || spent.order == orders.back(), *spent.order);
  return spent;
}

PrivacySpent wor_rdp(const Ledger& ledger, double delta, NeighbouringRelation relation) {
  const auto curve = [&](double order) {
    double sum = 0;
    for (const auto& [m, steps] : ledger.entries())
      sum += static_cast<double>(steps) *
             without_replacement_rdp(m.sampling_rate, m.noise_multiplier / sensitivity(relation), order);
    return sum;
  };
  return best_of_all(curve, delta);
}

std::string dc_wor_misfit(const Mechanism& m) {
  const std::string sampler = without_replacement_misfit(m);
  return sampler.empty() ? bounded_domain_misfit(m) : sampler;
}

PrivacySpent dc_wor(const Ledger& ledger, double delta, NeighbouringRelation) {
  const auto& [mechanism, steps] = only_entry(ledger, "dc_wor");
  const auto bound = [&, m = mechanism, t = steps](double order) {
    return without_replacement_bounded_bound(m, t, order);
  };
  PrivacySpent spent = best_of_all([&](double order) { return bound(order).divergence; }, delta);
  if (spent.order) spent.last_steps = bound(*spent.order).last_steps;
  return spent;
}

}  // namespace

Accountant wor_rdp_accountant() {
  return {.name = "wor_rdp",
          .summary = "Rényi divergence of the Gaussian mechanism on fresh subsets without replacement",
          .source = "Wang et al. 2019",
          .relations = {NeighbouringRelation::replace_one},
          .misfit = without_replacement_misfit,
          .compute = wor_rdp};
}

Accountant dc_wor_accountant() {
  return {.name = "dc_wor",
          .summary = "hidden state on a bounded domain, smooth losses, fresh subsets without replacement",
          .source = "ours, after Liang et al. 2026 and Wang et al. 2019",
          .relations = {NeighbouringRelation::replace_one},
          .misfit = dc_wor_misfit,
          .compute = dc_wor};
}

}  // namespace talweg::privacy
