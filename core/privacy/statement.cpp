#include "core/privacy/statement.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"

namespace talweg::privacy {
namespace {

std::string sampler_in_words(const Mechanism& m) {
  switch (m.sampling) {
    case Sampling::poisson:
      return fmt::format("batches that contain every example independently with probability {:.6g} (Poisson sampling)",
                         m.sampling_rate);
    case Sampling::uniform:
      return fmt::format("batches that are fresh uniformly random subsets of a fraction {:.6g} of the data",
                         m.sampling_rate);
    case Sampling::shuffle:
      return fmt::format("shuffled epochs of {:.0f} steps, in which every example is used once", 1 / m.sampling_rate);
    case Sampling::sequential:
      return fmt::format("epochs of {:.0f} steps in the order of the data set, in which every example is used once",
                         1 / m.sampling_rate);
  }
  return "";
}

std::string relation_in_words(NeighbouringRelation relation) {
  switch (relation) {
    case NeighbouringRelation::add_or_remove_one:
      return "data sets that differ by adding or removing one example";
    case NeighbouringRelation::zero_out_one:
      return "data sets in which one example is replaced by an empty one";
    case NeighbouringRelation::replace_one:
      return "data sets in which one example is replaced by any other";
  }
  return "";
}

std::string epsilon_in_words(double epsilon) {
  if (std::isinf(epsilon)) return "∞ (no protection)";
  // Rounded up, so that what is quoted stays true.
  return fmt::format("{:.3f}", std::ceil(epsilon * 1000) / 1000);
}

std::string guarantee_in_words(const Accountant& accountant, const PrivacySpent& spent) {
  switch (spent.guarantee) {
    case Guarantee::certified:
      return fmt::format("This is an upper bound computed by the accountant '{}' ({}).", accountant.name,
                         accountant.source);
    case Guarantee::approximate:
      return fmt::format("This is an approximation by '{}' ({}) that may be below the true value, not a guarantee.",
                         accountant.name, accountant.source);
    case Guarantee::paper_formula:
      return fmt::format("This is the value of a formula, '{}' (after {}), not a guarantee for this sampler.",
                         accountant.name, accountant.source);
  }
  return "";
}

/// ε of the same steps if another sampler had been used, as the end of a sentence; empty when it cannot be computed.
std::string under(Sampling sampling, const Ledger& ledger, double delta) {
  Ledger other;
  for (const auto& [m, steps] : ledger.entries()) {
    Mechanism changed = m;
    changed.sampling = sampling;
    changed.domain.reset();
    other.record(changed, steps);
  }
  const Accountant& accountant = default_accountant(sampling);
  // Add-or-remove-one makes no sense where the batches are fixed; zeroing out is the relation with the same
  // sensitivity.
  const PrivacySpent spent = accountant.spent(
      other, delta,
      sampling == Sampling::poisson ? NeighbouringRelation::add_or_remove_one : NeighbouringRelation::zero_out_one);
  return fmt::format("{} ({}, {})", epsilon_in_words(spent.epsilon), accountant.name, name_of(spent.relation));
}

}  // namespace

std::string privacy_statement(const Accountant& accountant, const Ledger& ledger, double delta,
                              NeighbouringRelation relation) {
  const PrivacySpent spent = accountant.spent(ledger, delta, relation);
  if (ledger.empty()) return "No step of training has used the data: nothing about them was revealed.";
  std::string text = "The parameters were trained by DP-SGD: ";
  std::string parts;
  for (const auto& [m, steps] : ledger.entries())
    parts += fmt::format(
        "{}{} steps with the gradient of every example clipped to norm {:g}, Gaussian noise of {:.6g} "
        "times that norm added to their sum, and {}",
        parts.empty() ? "" : "; then ", steps, m.clip_norm, m.noise_multiplier, sampler_in_words(m));
  text += parts + ". ";
  text +=
      spent.guarantee == Guarantee::certified
          ? fmt::format("With respect to {} the result satisfies (ε, δ)-differential privacy with ε = {} at δ = {:g}. ",
                        relation_in_words(relation), epsilon_in_words(spent.epsilon), delta)
          : fmt::format(
                "With respect to {} no differential privacy is claimed; a formula evaluates to ε = {} at δ = "
                "{:g}. ",
                relation_in_words(relation), epsilon_in_words(spent.epsilon), delta);
  text += guarantee_in_words(accountant, spent);
  if (spent.at_least)
    text += fmt::format(" The best possible ε of this mechanism is at least {:.3f}.",
                        std::floor(*spent.at_least * 1000) / 1000);
  for (const std::string& assumption : spent.assumptions) text += " Assumption: " + assumption;
  if (spent.assumptions.empty() && spent.guarantee == Guarantee::certified)
    text += " It also holds when every intermediate state is published.";
  for (const std::string& warning : spent.warnings) text += " " + warning;

  const Sampling used = ledger.entries().front().mechanism.sampling;
  const bool poisson = used == Sampling::poisson;
  text += fmt::format(" For comparison, not for this run: if the same number of batches had been {}, ε would be {}.",
                      poisson ? "shuffled epochs" : "Poisson samples",
                      under(poisson ? Sampling::shuffle : Sampling::poisson, ledger, delta));
  return text;
}

std::string delta_warning(double delta, std::int64_t examples) {
  if (delta * static_cast<double>(examples) < 1) return "";
  return fmt::format(
      "Warning: delta = {:g} is not below one over the number of examples ({}); a mechanism that publishes one example "
      "would satisfy it. Take a delta well below {:.1g}.",
      delta, examples, 1 / static_cast<double>(examples));
}

std::string uses_outside(const std::vector<std::string>& uses) {
  std::string text = "Not covered by this ε:";
  for (const std::string& use : uses) text += " " + use;
  return text +
         " Hyper-parameters that were chosen by looking at the same data: choose them on public data, or add the "
         "ledgers "
         "of all runs. Attacks on the floating-point noise.";
}

}  // namespace talweg::privacy
