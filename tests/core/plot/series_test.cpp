#include "core/plot/series.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/plot/axis.h"

namespace talweg::plot {
namespace {

Series ramp(size_t count) {
  Series series{"ramp", {}, {}};
  for (size_t i = 0; i < count; ++i) {
    series.x.push_back(static_cast<double>(i));
    series.y.push_back(static_cast<double>(i));
  }
  return series;
}

TEST(Decimated, ShortSeriesAreUnchanged) {
  EXPECT_EQ(decimated(ramp(2000)).x, ramp(2000).x);
}

TEST(Decimated, KeepsEndsPeaksAndGaps) {
  Series series = ramp(1000000);
  series.y[123456] = 1e9;
  series.y[654321] = -1e9;
  series.y[777777] = std::nan("");
  const Series kept = decimated(series, 2000);
  EXPECT_LE(kept.x.size(), 2010u);
  EXPECT_TRUE(std::is_sorted(kept.x.begin(), kept.x.end()));
  EXPECT_EQ(kept.x.front(), 0);
  EXPECT_EQ(kept.x.back(), 999999);
  EXPECT_EQ(std::count(kept.y.begin(), kept.y.end(), 1e9), 1);
  EXPECT_EQ(std::count(kept.y.begin(), kept.y.end(), -1e9), 1);
  EXPECT_EQ(std::count_if(kept.y.begin(), kept.y.end(), [](double y) { return std::isnan(y); }), 1);
}

TEST(Smoothed, HalvesAnOldValueAfterItsHalfLife) {
  Series series{"impulse", {0, 1, 2}, {1, 0, 0}};
  // Weights 1/4, 1/2, 1 at a half-life of one point.
  const Series result = smoothed(series, 1);
  EXPECT_DOUBLE_EQ(result.y[0], 1);
  EXPECT_DOUBLE_EQ(result.y[1], 0.5 / 1.5);
  EXPECT_DOUBLE_EQ(result.y[2], 0.25 / 1.75);
}

TEST(Smoothed, ANonFiniteValueDoesNotSpread) {
  const Series result = smoothed({"gap", {0, 1, 2}, {3, std::nan(""), 3}}, 5);
  EXPECT_TRUE(std::isnan(result.y[1]));
  EXPECT_DOUBLE_EQ(result.y[2], 3);
}

std::vector<std::string> labels(const Axis& axis) {
  std::vector<std::string> texts;
  for (const auto& tic : axis.tics) texts.push_back(tic.second);
  return texts;
}

using Labels = std::vector<std::string>;

TEST(Axis, LinearTicsAreRound) {
  EXPECT_EQ(labels(linear_axis(0, 1)), (Labels{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
  EXPECT_EQ(labels(linear_axis(0, 20000)), (Labels{"0", "5k", "10k", "15k", "20k"}));
  EXPECT_EQ(labels(linear_axis(-2, 2)), (Labels{"−2", "−1", "0", "1", "2"}));
  EXPECT_EQ(labels(linear_axis(0, 3e-6)), (Labels{"0", "5e−7", "1e−6", "1.5e−6", "2e−6", "2.5e−6", "3e−6"}));
}

TEST(Axis, DegenerateRangesCanStillBeDrawn) {
  for (double value : {0.0, -5.0, 1e300, std::nan(""), HUGE_VAL}) {
    const Axis axis = linear_axis(value, value);
    EXPECT_LT(axis.low, axis.high) << value;
    EXPECT_FALSE(axis.tics.empty()) << value;
  }
  const Axis axis = log_axis(3, 3);
  EXPECT_LT(axis.low, 3);
  EXPECT_GT(axis.high, 3);
  EXPECT_FALSE(axis.tics.empty());
}

TEST(Axis, LogarithmicTicsFollowTheNumberOfDecades) {
  EXPECT_EQ(labels(log_axis(0.11, 3)), (Labels{"0.1", "0.2", "0.5", "1", "2"}));
  EXPECT_EQ(labels(log_axis(1, 1e4)), (Labels{"1", "10", "100", "1k", "10k"}));
}

}  // namespace
}  // namespace talweg::plot
