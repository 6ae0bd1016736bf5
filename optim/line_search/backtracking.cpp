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

/// Returns the trials of a search in the order in which it asks for them, and evaluates the shorter ones ahead in
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

/// Finds the first accepted of the trial steps where the accepted ones are an interval from 0. Each round evaluates the
/// steps around a guess: the expected step, then what a parabola through the last value and the slope predicts. When
/// guesses do not converge quickly, rounds divide what is left evenly.
class IntervalSearch {
 public:
  IntervalSearch(Ray& ray, const AcceptanceTest& test, const SearchPoint& start, double first,
                 const SearchLimits& limits)
      : ray_(ray), test_(test), start_(start), limits_(limits), steps_(trial_steps(first, limits)) {
    high_ = steps_.size();
  }

  SearchResult run() {
    std::optional<std::size_t> guess = place_of(limits_.expected);
    if (!guess) guess = 0;
    for (int round = 0; low_ < high_; ++round) {
      evaluate(guess ? around(*guess) : evenly());
      guess = round < kGuesses ? place_of(predicted_) : std::nullopt;
      if (guess && (*guess < low_ || *guess > high_)) guess.reset();
    }
    result_.backtracks = static_cast<std::int64_t>(high_);
    result_.trials = std::min(result_.backtracks + 1, static_cast<std::int64_t>(steps_.size()));
    if (high_ == steps_.size())
      result_.status =
          result_.trials == limits_.max_trials ? SearchResult::Status::max_trials : SearchResult::Status::too_short;
    return result_;
  }

 private:
  static constexpr int kGuesses = 2;

  /// The first place whose step is not longer; nothing for a step that is not positive.
  std::optional<std::size_t> place_of(double step) const {
    if (!(step > 0) || steps_.empty()) return {};
    const double place = std::ceil(std::log(step / steps_.front()) / std::log(limits_.shrink) - 1e-6);
    return static_cast<std::size_t>(std::clamp(place, 0.0, static_cast<double>(steps_.size() - 1)));
  }

  /// The guess and the places before it, which decide together when it is right.
  std::vector<std::size_t> around(std::size_t guess) const {
    const std::size_t width = std::max<std::size_t>(2, ray_.block_size() / 2);
    std::vector<std::size_t> places;
    const std::size_t begin = std::max(low_, guess >= width / 2 ? guess - width / 2 : 0);
    for (std::size_t place = begin; place < high_ && places.size() < width && place <= guess + width / 2 - 1; ++place)
      places.push_back(place);
    if (places.empty()) places.push_back(high_ - 1);
    return places;
  }

  std::vector<std::size_t> evenly() const {
    const std::size_t most = std::max<std::size_t>(2, ray_.block_size()), left = high_ - low_;
    std::vector<std::size_t> places;
    for (std::size_t i = 1; i <= std::min(most, left); ++i)
      places.push_back(left <= most ? low_ + i - 1 : low_ + i * left / (most + 1));
    return places;
  }

  void evaluate(const std::vector<std::size_t>& places) {
    std::vector<double> candidates;
    for (const std::size_t place : places) candidates.push_back(steps_[place]);
    const std::vector<double> values = ray_.values(candidates);
    for (std::size_t i = 0; i < places.size(); ++i) {
      predict(candidates[i], values[i]);
      if (decide(test_, start_, candidates[i], values[i], limits_.slack) == Decision::accept) {
        high_ = places[i];
        result_.step = candidates[i];
        result_.value = values[i];
        return;
      }
      low_ = places[i] + 1;
    }
  }

  /// Where f − slope·η + a·η² through the value meets the line of the test.
  void predict(double step, double value) {
    const double curvature = (value - start_.value + start_.slope * step) / (step * step);
    predicted_ = (1 - *test_.sufficient_decrease()) * start_.slope / curvature;
  }

  Ray& ray_;
  const AcceptanceTest& test_;
  const SearchPoint& start_;
  const SearchLimits& limits_;
  const std::vector<double> steps_;
  std::size_t low_ = 0, high_ = 0;  // before `low` all are rejected, from `high` on all are accepted
  double predicted_ = 0;
  SearchResult result_;
};

}  // namespace

std::int64_t enough_trials(double largest_step, double smallest_step, double shrink) {
  return 1 + static_cast<std::int64_t>(std::ceil(std::log(largest_step / smallest_step) / -std::log(shrink)));
}

SearchResult backtrack(Ray& ray, const AcceptanceTest& test, const SearchPoint& start, double first,
                       const SearchLimits& limits) {
  if (ray.is_convex() && test.sufficient_decrease()) return IntervalSearch(ray, test, start, first, limits).run();
  return one_by_one(ray, test, start, first, limits);
}

}  // namespace talweg::optim
