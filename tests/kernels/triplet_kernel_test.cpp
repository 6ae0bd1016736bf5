#include "tasks/triplets/triplet_kernel.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/numbers.h"

namespace talweg::tasks {
namespace {

constexpr std::int32_t kUsers = 5, kItems = 7;
constexpr std::int64_t kCount = 300;

/// Comparisons sorted by user, with soft labels, and weights when asked for.
template <class T>
struct Comparisons {
  std::vector<std::int32_t> users, first, second;
  std::vector<T> labels, weights;

  explicit Comparisons(bool weighted) {
    const std::vector<double> draws = test::numbers(4 * kCount, 1);
    for (std::size_t i = 0; i < kCount; ++i) {
      users.push_back(static_cast<std::int32_t>(i * kUsers / kCount));
      first.push_back(static_cast<std::int32_t>((draws[4 * i] + 1) / 2 * kItems));
      second.push_back((first.back() + 1 + static_cast<std::int32_t>((draws[4 * i + 1] + 1) / 2 * (kItems - 1))) %
                       kItems);
      labels.push_back(static_cast<T>((draws[4 * i + 2] + 1) / 2));
      if (weighted) weights.push_back(static_cast<T>(draws[4 * i + 3] + 1.5));
    }
  }
  TripletColumns<T> columns() const {
    return {users.data(), first.data(), second.data(), labels.data(), weights.empty() ? nullptr : weights.data()};
  }
};

template <class T>
class TripletKernel : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(TripletKernel, Types);

TYPED_TEST(TripletKernel, IsTheWeightedCrossEntropyOfEveryRankAndItsSlopes) {
  using T = TypeParam;
  const double tolerance = sizeof(T) == 8 ? 1e-13 : 1e-5;
  for (const std::int64_t rank : {1, 3, 8, 13, 32, 45})
    for (const bool weighted : {false, true}) {
      const Comparisons<T> data(weighted);
      const std::int64_t width = padded_width(rank);
      ASSERT_GE(width, rank);
      const auto factors = [&](std::int64_t rows, std::uint64_t seed) {
        std::vector<T> padded_rows(static_cast<std::size_t>(rows * width));
        const std::vector<T> dense = test::numbers<T>(rows * rank, seed);
        for (std::int64_t r = 0; r < rows; ++r)
          for (std::int64_t c = 0; c < rank; ++c)
            padded_rows[static_cast<std::size_t>(r * width + c)] = dense[static_cast<std::size_t>(r * rank + c)];
        return padded_rows;
      };
      const std::vector<T> users = factors(kUsers, 2), items = factors(kItems, 3);
      std::vector<double> by_users(users.size()), by_items(items.size());
      double loss = 0;
      for (std::size_t i = 0; i < kCount; ++i) {
        const auto row = [width](std::int32_t r) { return static_cast<std::size_t>(r * width); };
        const std::size_t u = row(data.users[i]), a = row(data.first[i]), b = row(data.second[i]);
        double z = 0;
        for (std::size_t c = 0; c < static_cast<std::size_t>(width); ++c)
          z += static_cast<double>(users[u + c]) * (items[a + c] - items[b + c]);
        const double weight = weighted ? data.weights[i] : 1;
        loss += weight * (std::log1p(std::exp(z)) - data.labels[i] * z);
        const double slope = weight * (1 / (1 + std::exp(-z)) - data.labels[i]);
        for (std::size_t c = 0; c < static_cast<std::size_t>(width); ++c) {
          by_users[u + c] += slope * (items[a + c] - items[b + c]);
          by_items[a + c] += slope * users[u + c];
          by_items[b + c] -= slope * users[u + c];
        }
      }
      std::vector<T> got_users(users.size()), got_items(items.size());
      const FactorRows<T> rows{users.data(), items.data(), width};
      EXPECT_NEAR(triplet_losses(data.columns(), rows, 0, kCount), loss, tolerance * loss) << rank;
      // In two parts that end within a user's rows and no multiple of a vector.
      const double parts = triplet_gradients(data.columns(), rows, 0, 131, got_users.data(), got_items.data()) +
                           triplet_gradients(data.columns(), rows, 131, kCount, got_users.data(), got_items.data());
      EXPECT_NEAR(parts, loss, tolerance * loss) << rank;
      for (std::size_t i = 0; i < by_users.size(); ++i) ASSERT_NEAR(got_users[i], by_users[i], 30 * tolerance) << rank;
      for (std::size_t i = 0; i < by_items.size(); ++i) ASSERT_NEAR(got_items[i], by_items[i], 30 * tolerance) << rank;
    }
}

/// log(1 + e⁻⁴⁰), where 1 + e⁻⁴⁰ is 1: what likelihoods of decided choices add up from.
TEST(TripletKernelPrecision, TinyLossesKeepTheirDigits) {
  const std::int32_t user = 0, first = 0, second = 1;
  const double label = 0;
  const std::vector<double> users{4, 0}, items{-5, 0, 5, 0};
  const double loss = triplet_losses(TripletColumns<double>{&user, &first, &second, &label, nullptr},
                                     FactorRows<double>{users.data(), items.data(), 2}, 0, 1);
  EXPECT_NEAR(loss, std::exp(-40.0), 1e-14 * std::exp(-40.0));
}

}  // namespace
}  // namespace talweg::tasks
