#include "optim/ascent/reflection_kernel.h"

#include <gtest/gtest.h>

#include "kernels/numbers.h"

namespace talweg::optim {
namespace {

TEST(Reflection, MirrorsAtThePointAndSumsTheSquares) {
  for (const std::int64_t count : {1, 15, 100'000}) {
    const std::vector<float> point = test::numbers<float>(count, 1), before = test::numbers<float>(count, 2);
    std::vector<float> moved = before;
    const double squares = reflect_numbers(point.data(), count, moved.data());
    double expected = 0;
    for (std::size_t i = 0; i < moved.size(); ++i) {
      EXPECT_NEAR(moved[i], 2.0 * point[i] - before[i], 2e-7);
      const double distance = static_cast<double>(moved[i]) - point[i];
      expected += distance * distance;
    }
    EXPECT_NEAR(squares, expected, 1e-6 * expected);
  }
}

}  // namespace
}  // namespace talweg::optim
