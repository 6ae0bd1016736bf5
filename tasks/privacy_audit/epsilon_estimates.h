#pragma once

#include <cstdint>

namespace talweg::tasks {

/// The smallest ε for which an attack with these error rates is possible against an (ε, δ)-private mechanism:
/// max(ln((1 − δ − FPR)/FNR), ln((1 − δ − FNR)/FPR)), at least 0. Rates in [0, 1]; a rate of 0 gives infinity.
/// Source: Kairouz et al. 2015, theorem 2.1.
double epsilon_of_rates(double false_positive_rate, double false_negative_rate, double delta);

/// Bounds of a binomial proportion from `successes` of `trials`, each missed with probability (1 − confidence)/2.
/// Source: Clopper and Pearson 1934.
struct Interval {
  double low, high;
};
Interval clopper_pearson(std::int64_t successes, std::int64_t trials, double confidence);

/// ε̂ of an attack on known members and non-members, from rates (k + ½)/(n + 1) that are never 0, and the interval that
/// holds for both rates together with probability `confidence` (a union bound over the two).
struct AttackEstimate {
  double epsilon;   ///< a point estimate, proven by nothing
  double at_least;  ///< with the stated confidence the mechanism is not (ε, δ)-private for any smaller ε
  double at_most;   ///< what this attack would show at most, were its rates known exactly; no bound on the mechanism
};
AttackEstimate estimate_attack(std::int64_t false_positives, std::int64_t non_members, std::int64_t false_negatives,
                               std::int64_t members, double delta, double confidence);

/// A lower bound on ε from one run: of `canaries` examples, each in the data with probability ½, the auditor guessed
/// for `guesses` whether they were, and was right `correct` times. Returns the largest ε that the outcome refutes with
/// the given confidence; 0 when it refutes none. Source: Steinke, Nasr and Jagielski 2023, theorem 3.1 and appendix D.
double epsilon_refuted_by_one_run(std::int64_t canaries, std::int64_t guesses, std::int64_t correct, double delta,
                                  double confidence);

}  // namespace talweg::tasks
