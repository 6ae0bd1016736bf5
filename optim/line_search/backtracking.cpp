#include "optim/line_search/backtracking.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace talweg::optim {
namespace {

using Decision = AcceptanceTest::Decision;

Decision decide(const AcceptanceTest& test, const SearchPoint& start, double step, double value, double slack) {
  return std::isfinite(value) ? test.decide(start, step, value, slack) : Decision::shorten;
}

/// Answers the trials of a search in the order in which it asks for them, and evaluates the shorter ones ahead in
/// blocks.
class Lookahead {
 public:
  Lookahead(Ray& ray, const SearchLimits& limits) : ray_(ray), limits_(limits), left_(limits.max_trials) {}

  double value(double step) {
    if (next_ < steps_.size() && steps_[next_] == step) return values_[next_++];
    steps_.clear();
    const std::size_t most = std::min(ray_.block_size(), static_cast<std::size_t>(std::max<std::int64_t>(1, left_)));
    for (double ahead = step; steps_.size() < most && (steps_.empty() || ahead >= limits_.smallest_step);
         ahead *= limits_.shrink)
      steps_.push_back(ahead);
    left_ -= static_cast<std::int64_t>(steps_.size());
    values_ = ray_.values(steps_);
    next_ = 1;
    return values_.front();
  }

 private:
  Ray& ray_;
  const SearchLimits& limits_;
  std::int64_t left_;
  std::vector<double> steps_, values_;
  std::size_t next_ = 0;
};

SearchResult one_by_one(Ray& ray, const AcceptanceTest& test, const SearchPoint& start, double first,
                        const SearchLimits& limits) {
  SearchResult result;
  Lookahead trials(ray, limits);
  double step = std::min(first, limits.largest_step);
  while (result.trials < limits.max_trials) {
    if (step < limits.smallest_step) {
      result.status = SearchResult::Status::too_short;
      return result;
    }
    const double value = trials.value(step);
    ++result.trials;
    const Decision decision = decide(test, start, step, value, limits.slack);
    if (decision == Decision::accept || (decision == Decision::lengthen && step >= limits.largest_step)) {
      result.step = step;
      result.value = value;
      return result;
    }
    if (decision == Decision::shorten) {
      ++result.backtracks;
      step *= limits.shrink;
    } else {
      step = std::min(step * limits.stretch, limits.largest_step);
    }
  }
  result.status = SearchResult::Status::max_trials;
  return result;
}

/// The trial steps in order, each made from the one before it as one_by_one() does.
std::vector<double> trial_steps(double first, const SearchLimits& limits) {
  std::vector<double> steps;
  for (double step = std::min(first, limits.largest_step);
       step >= limits.smallest_step && static_cast<std::int64_t>(steps.size()) < limits.max_trials;
       step *= limits.shrink)
    steps.push_back(step);
  return steps;
}

/// Positions in [low, high) to evaluate next: at first around the expected step, then dividing what is left evenly.
std::vector<std::size_t> probes(std::size_t low, std::size_t high, std::size_t most,
                                std::optional<std::size_t> expected) {
  std::vector<std::size_t> places;
  if (expected) {
    if (*expected == 0) return {0};
    for (std::size_t place = *expected - 1; place < high && places.size() < most; ++place) places.push_back(place);
  } else if (high - low <= most) {
    for (std::size_t place = low; place < high; ++place) places.push_back(place);
  } else {
    for (std::size_t i = 1; i <= most; ++i) places.push_back(low + i * (high - low) / (most + 1));
  }
  return places;
}

/// The same answer where the accepted steps are an interval from 0: the first of the trials in it, by bisection.
SearchResult by_bisection(Ray& ray, const AcceptanceTest& test, const SearchPoint& start, double first,
                          const SearchLimits& limits) {
  const std::vector<double> steps = trial_steps(first, limits);
  std::size_t low = 0, high = steps.size();  // before `low` all are rejected, from `high` on all are accepted
  SearchResult result;
  std::optional<std::size_t> expected =
      limits.expected > 0 && limits.expected < first
          ? static_cast<std::size_t>(std::round(std::log(limits.expected / steps.front()) / std::log(limits.shrink)))
          : 0;
  if (steps.empty() || *expected >= steps.size()) expected.reset();
  while (low < high) {
    const std::vector<std::size_t> places = probes(low, high, std::max<std::size_t>(2, ray.block_size()), expected);
    expected.reset();
    std::vector<double> candidates;
    for (const std::size_t place : places) candidates.push_back(steps[place]);
    const std::vector<double> values = ray.values(candidates);
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (decide(test, start, candidates[i], values[i], limits.slack) == Decision::accept) {
        high = places[i];
        result.step = candidates[i];
        result.value = values[i];
        break;
      }
      low = places[i] + 1;
    }
  }
  result.backtracks = static_cast<std::int64_t>(high);
  result.trials = std::min(result.backtracks + 1, static_cast<std::int64_t>(steps.size()));
  if (high == steps.size())
    result.status =
        result.trials == limits.max_trials ? SearchResult::Status::max_trials : SearchResult::Status::too_short;
  return result;
}

}  // namespace

std::int64_t enough_trials(double largest_step, double smallest_step, double shrink) {
  return 1 + static_cast<std::int64_t>(std::ceil(std::log(largest_step / smallest_step) / -std::log(shrink)));
}

SearchResult backtrack(Ray& ray, const AcceptanceTest& test, const SearchPoint& start, double first,
                       const SearchLimits& limits) {
  const bool interval = ray.is_convex() && test.accepts_an_interval();
  return interval ? by_bisection(ray, test, start, first, limits) : one_by_one(ray, test, start, first, limits);
}

}  // namespace talweg::optim
