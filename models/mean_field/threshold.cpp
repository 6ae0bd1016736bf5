#include "models/mean_field/threshold.h"

#include <algorithm>
#include <cmath>

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
  if (points_.size() < first_.size()) return first_[points_.size()];
  const auto two = longest(points_);
  return place_of(two, 1 / std::sqrt(kLengthening * two.second.second));
}

void ThresholdSearch::found(double x, std::optional<double> time) {
  points_.emplace_back(x, time.value_or(std::nan("")));
  std::erase_if(points_, [](const Place& p) { return std::isnan(p.second); });
}

std::optional<double> ThresholdSearch::threshold() const {
  if (points_.size() < 2) return std::nullopt;
  return place_of(longest(points_), 0);
}

}  // namespace talweg::mean_field
