#include "core/privacy/accountant.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/config/diagnostics.h"
#include "core/error.h"
#include "core/io/closest_word.h"
#include "core/privacy/accountants/families.h"

namespace talweg::privacy {
namespace {

/// What must be true besides the mechanism itself.
std::vector<std::string> assumptions_of(const Accountant& accountant, const Ledger& ledger) {
  if (!accountant.name.ends_with("_dc") && !accountant.name.starts_with("dc_")) return {};
  const BoundedDomain& domain = *ledger.entries().front().mechanism.domain;
  return {
      fmt::format("Every example's loss has a gradient with Lipschitz constant {} (assumed by the user, not checked).",
                  *domain.smoothness),
      fmt::format(
          "After every step the parameters are projected on a ball of radius {}; the bound uses its diameter {}.",
          domain.radius, 2 * domain.radius),
      "Only the last parameters are released: no earlier checkpoint, no metric computed from the training data on the "
      "way."};
}

}  // namespace

std::string_view name_of(Guarantee guarantee) {
  switch (guarantee) {
    case Guarantee::certified:
      return "certified";
    case Guarantee::approximate:
      return "approximate";
    case Guarantee::paper_formula:
      return "formula of the paper";
  }
  return "";
}

PrivacySpent Accountant::spent(const Ledger& ledger, double delta, NeighbouringRelation relation) const {
  if (!(delta > 0 && delta < 1)) throw ConfigError(fmt::format("'delta' must lie between 0 and 1, found {}", delta));
  if (std::find(relations.begin(), relations.end(), relation) == relations.end())
    throw ConfigError(fmt::format("the accountant '{}' does not know the relation {}; it answers for {}", name,
                                  name_of(relation), name_of(default_relation())));
  bool no_noise = false;
  for (const Ledger::Entry& entry : ledger.entries()) {
    if (const std::string reason = misfit(entry.mechanism); !reason.empty())
      throw ConfigError(fmt::format("the accountant '{}' {}", name, reason));
    no_noise = no_noise || entry.mechanism.noise_multiplier == 0;
  }
  PrivacySpent answer;
  if (no_noise)
    answer.epsilon = std::numeric_limits<double>::infinity();
  else if (!ledger.empty())
    answer = compute(ledger, delta, relation);
  answer.delta = delta;
  answer.guarantee = guarantee;
  answer.relation = relation;
  if (!ledger.empty()) answer.assumptions = assumptions_of(*this, ledger);
  return answer;
}

const std::vector<Accountant>& accountants() {
  static const std::vector<Accountant> list = {
      pld_accountant(),     sgm_rdp_accountant(),       gdp_accountant(),
      wor_rdp_accountant(), shuffle_gauss_accountant(), dc_shuffle_accountant(),
      dc_wor_accountant(),  paper_gc_accountant(),      paper_dc_accountant()};
  return list;
}

const Accountant& find_accountant(const std::string& name) {
  std::vector<std::string> names;
  for (const Accountant& accountant : accountants()) {
    if (accountant.name == name) return accountant;
    names.push_back(accountant.name);
  }
  throw ConfigError(fmt::format("there is no accountant '{}'{}", name, io::suggestion(name, names)));
}

const Accountant& default_accountant(Sampling sampling) {
  switch (sampling) {
    case Sampling::poisson:
      return find_accountant("pld");
    case Sampling::uniform:
      return find_accountant("wor_rdp");
    default:
      return find_accountant("shuffle_gauss");
  }
}

std::vector<const Accountant*> automatic_accountants(const Mechanism& mechanism,
                                                     const std::optional<NeighbouringRelation>& relation) {
  std::vector<const Accountant*> list = {&default_accountant(mechanism.sampling)};
  const NeighbouringRelation wanted = relation.value_or(list.front()->default_relation());
  for (const Accountant& accountant : accountants()) {
    const bool knows =
        std::find(accountant.relations.begin(), accountant.relations.end(), wanted) != accountant.relations.end();
    if (accountant.name.starts_with("dc_") && knows && accountant.misfit(mechanism).empty())
      list.push_back(&accountant);
  }
  return list;
}

}  // namespace talweg::privacy
