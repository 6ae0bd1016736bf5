#include "tasks/black_box/benchmark/profiles.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace talweg::tasks {

std::vector<int> solved_at(const Histories& histories, double at_start, double tau) {
  double least = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& history : histories)
    if (!history.empty()) least = std::min(least, history.back());
  const double bound = least + tau * (at_start - least);
  std::vector<int> places;
  for (const std::vector<double>& history : histories) {
    const auto found = std::find_if(history.begin(), history.end(), [&](double value) { return value <= bound; });
    places.push_back(found == history.end() ? -1 : static_cast<int>(found - history.begin()));
  }
  return places;
}

double share_within(const std::vector<double>& costs, double alpha) {
  if (costs.empty()) return 0;
  const auto within = std::count_if(costs.begin(), costs.end(), [&](double cost) { return cost <= alpha; });
  return static_cast<double>(within) / static_cast<double>(costs.size());
}

std::vector<std::vector<double>> ratios_to_best(const std::vector<std::vector<double>>& costs) {
  std::vector<std::vector<double>> ratios = costs;
  for (std::size_t problem = 0; !costs.empty() && problem < costs.front().size(); ++problem) {
    double best = std::numeric_limits<double>::infinity();
    for (const std::vector<double>& solver : costs) best = std::min(best, solver[problem]);
    for (std::vector<double>& solver : ratios)
      solver[problem] = std::isfinite(solver[problem]) ? solver[problem] / best : solver[problem];
  }
  return ratios;
}

}  // namespace talweg::tasks
