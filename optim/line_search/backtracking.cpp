#include "optim/line_search/backtracking.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace talweg::optim {
namespace {

/// Answers the trials of a search in the order in which it asks for them, and evaluates the shorter ones ahead in
/// blocks.
class Lookahead {
 public:
  Lookahead(Ray& ray, double shrink, double smallest, std::int64_t most)
      : ray_(ray), shrink_(shrink), smallest_(smallest), left_(most) {}

  double value(double step) {
    if (next_ < steps_.size() && steps_[next_] == step) return values_[next_++];
    steps_.clear();
    // The first trial is often accepted; only a search that goes on is worth full blocks.
    const std::size_t most = std::min({ray_.block_size(), first_ ? std::size_t{4} : ray_.block_size(),
                                       static_cast<std::size_t>(std::max<std::int64_t>(1, left_))});
    first_ = false;
    for (double ahead = step; steps_.size() < most && (steps_.empty() || ahead >= smallest_); ahead *= shrink_)
      steps_.push_back(ahead);
    left_ -= static_cast<std::int64_t>(steps_.size());
    values_ = ray_.values(steps_);
    next_ = 1;
    return values_.front();
  }

 private:
  Ray& ray_;
  double shrink_, smallest_;
  std::int64_t left_;
  bool first_ = true;
  std::vector<double> steps_, values_;
  std::size_t next_ = 0;
};

}  // namespace

std::int64_t enough_trials(double largest_step, double smallest_step, double shrink) {
  return 1 + static_cast<std::int64_t>(std::ceil(std::log(largest_step / smallest_step) / -std::log(shrink)));
}

SearchResult backtrack(Ray& ray, const AcceptanceTest& test, const SearchPoint& start, double first,
                       const SearchLimits& limits) {
  SearchResult result;
  Lookahead trials(ray, limits.shrink, limits.smallest_step, limits.max_trials);
  double step = std::min(first, limits.largest_step);
  while (result.trials < limits.max_trials) {
    if (step < limits.smallest_step) {
      result.status = SearchResult::Status::too_short;
      return result;
    }
    const double value = trials.value(step);
    ++result.trials;
    const bool finite = std::isfinite(value);
    const auto decision = finite ? test.decide(start, step, value, limits.slack) : AcceptanceTest::Decision::shorten;
    const bool longest = step >= limits.largest_step;
    if (decision == AcceptanceTest::Decision::accept || (decision == AcceptanceTest::Decision::lengthen && longest)) {
      result.step = step;
      result.value = value;
      return result;
    }
    if (decision == AcceptanceTest::Decision::shorten) {
      ++result.backtracks;
      result.non_finite += finite ? 0 : 1;
      step *= limits.shrink;
    } else {
      step = std::min(step * limits.stretch, limits.largest_step);
    }
  }
  result.status = SearchResult::Status::max_trials;
  return result;
}

}  // namespace talweg::optim
