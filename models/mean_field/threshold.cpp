#include "models/mean_field/threshold.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace talweg::mean_field {
namespace {

using Place = std::pair<double, double>;

/// The points with the two longest times, the longest last.
std::pair<Place, Place> longest(std::vector<Place> points) {
  std::sort(points.begin(), points.end(), [](const Place& a, const Place& b) { return a.second < b.second; });
  return {points[points.size() - 2], points.back()};
}

/// Where the line through (x, t^(−1/2)) has the value y.
double place_of(const std::pair<Place, Place>& two, double y) {
  const double y0 = 1 / std::sqrt(two.first.second), y1 = 1 / std::sqrt(two.second.second);
  return two.second.first + (y - y1) * (two.second.first - two.first.first) / (y1 - y0);
}

}  // namespace

double ThresholdSearch::next() const {
  if (solves_ < first_.size()) return first_[solves_];
  if (points_.size() < 2) throw std::logic_error("a line to the threshold needs two times");
  const auto two = longest(points_);
  const double last = two.second.first, x = place_of(two, 1 / std::sqrt(kLengthening * two.second.second));
  const bool at_or_beyond = beyond_ && std::abs(x - last) >= std::abs(*beyond_ - last);
  return at_or_beyond ? (last + *beyond_) / 2 : x;
}

void ThresholdSearch::found(double x, std::optional<double> time) {
  ++solves_;
  if (time) {
    points_.emplace_back(x, *time);
    return;
  }
  const double from = points_.empty() ? first_.front() : points_.front().first;
  if (!beyond_ || std::abs(x - from) < std::abs(*beyond_ - from)) beyond_ = x;
}

std::optional<double> ThresholdSearch::threshold() const {
  if (points_.size() < 2) return std::nullopt;
  return place_of(longest(points_), 0);
}

}  // namespace talweg::mean_field
