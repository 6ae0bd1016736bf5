#include "models/mean_field/triangle_rows.h"

#include <gtest/gtest.h>

#include "kernels/numbers.h"

namespace talweg::mean_field {
namespace {

TEST(TriangleRows, AreMultipliedFromBothSidesInOnePass) {
  constexpr std::size_t length = 40;
  for (std::size_t count = 1; count <= 8; ++count) {
    test::Aligned rows(count * length), x(length), across(length);
    const std::vector<double> entries = test::numbers(static_cast<std::int64_t>(count * length), 1),
                              right = test::numbers(length, 2);
    const std::vector<double> left = test::numbers(8, 3), there = test::numbers(length, 4);
    std::copy(entries.begin(), entries.end(), rows.data());
    std::copy(right.begin(), right.end(), x.data());
    std::copy(there.begin(), there.end(), across.data());
    double along[8];
    group_products(rows.data(), length, count, x.data(), left.data(), along, across.data());
    for (std::size_t r = 0; r < count; ++r) {
      double sum = 0;
      for (std::size_t s = 0; s < length; ++s) sum += entries[r * length + s] * right[s];
      EXPECT_NEAR(along[r], sum, 1e-14);
      EXPECT_NEAR(along[r], dot_product(entries.data() + r * length, right.data(), length), 1e-14);
    }
    for (std::size_t s = 0; s < length; ++s) {
      double sum = there[s];
      for (std::size_t r = 0; r < count; ++r) sum += left[r] * entries[r * length + s];
      EXPECT_NEAR(across[s], sum, 1e-14);
    }
  }
}

}  // namespace
}  // namespace talweg::mean_field
