#pragma once

#include <span>
#include <string>
#include <vector>

namespace talweg::tasks {

/// One of the 53 least-squares problems of Moré and Wild 2009: F(x) = Σ f_i(x)², from one of 22 functions.
struct MoreWildProblem {
  std::string name;
  int function;       ///< 1 … 22
  std::int64_t n, m;  ///< variables and components
  int start_power;    ///< the start is 10^s times the standard one
  double best;        ///< the least value known, of the literature
};

/// All of them, in order.
const std::vector<MoreWildProblem>& more_wild_problems();
/// The problem of this name, or null.
const MoreWildProblem* find_more_wild(const std::string& name);

std::vector<double> start_of(const MoreWildProblem& problem);
/// The components f_1 … f_m at x.
void components(const MoreWildProblem& problem, const double* x, double* f);

}  // namespace talweg::tasks
