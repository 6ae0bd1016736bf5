#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace talweg::mean_field {

/// Times to interpolation at values of a parameter x: t_rel(x) diverges as |x − x*|^−2 at the threshold x*, so that
/// t_rel^(−1/2) is a straight line through it. Source: paper F.1.3, H; the search is ours.
class ThresholdSearch {
 public:
  /// Values of x to begin with, two at least, on the side where noise is interpolated.
  explicit ThresholdSearch(std::vector<double> first) : first_(std::move(first)) {}

  /// Where to solve next: the given values, then where the line of the last two times expects `lengthening` times the
  /// last; half-way where that is at or beyond a value at which noise was not interpolated. Throws std::logic_error
  /// when fewer than two of the given values interpolate.
  double next() const;
  /// Takes the time that was found there, or nothing when the solve ended before.
  void found(double x, std::optional<double> time);
  /// The value nearest to the others at which noise was not interpolated in time, if there is one.
  std::optional<double> beyond() const { return beyond_; }
  /// The zero of the line through the two longest times; nothing before there are two.
  std::optional<double> threshold() const;
  const std::vector<std::pair<double, double>>& points() const { return points_; }
  std::vector<std::pair<double, double>>& points() { return points_; }

 private:
  static constexpr double kLengthening = 1.8;
  std::vector<double> first_;
  std::vector<std::pair<double, double>> points_;  // x, t_rel
  std::size_t solves_ = 0;
  std::optional<double> beyond_;
};

}  // namespace talweg::mean_field
