#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/privacy/ledger.h"
#include "core/privacy/mechanism.h"

namespace talweg::privacy {

/// Strength of the claim that a computed ε makes.
enum class Guarantee {
  certified,      ///< an upper bound on the true ε under the stated assumptions
  approximate,    ///< a limit or an estimate that may be below the true ε
  paper_formula,  ///< evaluates a published formula that is no theorem for the sampler used
};
/// "certified", "approximate", "formula of the paper".
std::string_view name_of(Guarantee guarantee);

/// (ε, δ) after the steps of a ledger.
struct PrivacySpent {
  double epsilon = 0;  ///< may be infinite
  double delta = 0;
  std::optional<double>
      at_least{};  ///< a proven lower bound on the best ε of this mechanism, where the accountant has one
  std::optional<double> order{};  ///< the Rényi order α that gave it, of accountants that have one
  /// The k of the bounds for a bounded domain (core/privacy/hidden_state.h).
  std::optional<std::int64_t> last_steps{};
  Guarantee guarantee = Guarantee::certified;
  NeighbouringRelation relation = NeighbouringRelation::add_or_remove_one;
  std::vector<std::string> assumptions{};  ///< whole sentences: what must be true for the number to hold
  std::vector<std::string> warnings{};     ///< whole sentences: order at the end of the grid, …
};

/// A way to turn a ledger into (ε, δ). Stateless: all that is remembered is in the ledger.
struct Accountant {
  std::string name;     ///< "pld"
  std::string summary;  ///< one line
  std::string source;   ///< paper, or "ours"
  Guarantee guarantee = Guarantee::certified;
  std::vector<NeighbouringRelation> relations;  ///< those it can answer for, the default first
  /// Why this accountant is not true for a mechanism, as the end of a sentence; empty when it is.
  std::string (*misfit)(const Mechanism& mechanism) = nullptr;
  PrivacySpent (*compute)(const Ledger& ledger, double delta, NeighbouringRelation relation) = nullptr;

  NeighbouringRelation default_relation() const { return relations.front(); }

  /// ε after the steps of the ledger; 0 for an empty one, infinite when there is no noise. Throws ConfigError when δ is
  /// not in (0, 1), when a mechanism of the ledger does not fit, or the relation is none of `relations`, with the
  /// reason.
  PrivacySpent spent(const Ledger& ledger, double delta, NeighbouringRelation relation) const;
  PrivacySpent spent(const Ledger& ledger, double delta) const { return spent(ledger, delta, default_relation()); }
};

/// All of them: sgm_rdp, pld, gdp, wor_rdp, shuffle_gauss, dc_shuffle, dc_wor, paper_gc, paper_dc.
const std::vector<Accountant>& accountants();

/// The accountant called `name`. Throws ConfigError with a suggestion when there is none.
const Accountant& find_accountant(const std::string& name);

/// The accountant that gives the smallest certified ε for a sampler without assumptions on the loss or the release:
/// pld for poisson, wor_rdp for uniform, shuffle_gauss for shuffle and sequential.
const Accountant& default_accountant(Sampling sampling);

/// Those among which "auto" chooses: the default accountant, and where the mechanism has a bounded domain with a known
/// smoothness the bounds for it (dc_*), which assume that the last parameters alone are released. With a relation only
/// those that can tell it; never empty.
std::vector<const Accountant*> automatic_accountants(const Mechanism& mechanism,
                                                     const std::optional<NeighbouringRelation>& relation);

}  // namespace talweg::privacy
