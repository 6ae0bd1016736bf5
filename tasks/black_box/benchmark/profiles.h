#pragma once

#include <vector>

namespace talweg::tasks {

/// What solvers reached on one problem: least values so far, [solver][place], at places that all solvers share and that
/// stand for numbers of evaluations. They do not rise from place to place.
using Histories = std::vector<std::vector<double>>;

/// The first place at which each solver has solved the problem: a value of at most f_L + tau·(f_0 − f_L), with f_L the
/// least that any of them reached and f_0 the value at the start; −1: nowhere. Source: Moré and Wild 2009, (2.2).
std::vector<int> solved_at(const Histories& histories, double at_start, double tau);

/// Share of the problems that a solver has solved with at most `alpha`: `costs` holds what it took on each problem,
/// infinite where it did not. In simplex gradients that is a data profile, in multiples of the least that any solver
/// took a performance profile.
double share_within(const std::vector<double>& costs, double alpha);

/// Costs of each solver over the least of all on the same problem: [solver][problem], infinite where the solver has
/// none. Source: Dolan and Moré 2002.
std::vector<std::vector<double>> ratios_to_best(const std::vector<std::vector<double>>& costs);

}  // namespace talweg::tasks
