// What a decoder does between its products, against the formulas in float64. Widths are no multiples of a vector.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>

#include "kernels/numbers.h"
#include "models/language/row_kernels.h"

namespace talweg::models {
namespace {

using test::numbers;

double number(float x) {
  return x;
}
double number(BrainFloat x) {
  const std::uint32_t word = static_cast<std::uint32_t>(x.bits) << 16;
  float value;
  std::memcpy(&value, &word, sizeof(value));
  return value;
}

template <class T>
std::vector<T> values(std::int64_t count, std::uint64_t seed) {
  const std::vector<float> wide = numbers<float>(count, seed);
  if constexpr (std::is_same_v<T, float>) {
    return wide;
  } else {
    std::vector<T> narrow(wide.size());
    for (std::size_t i = 0; i < wide.size(); ++i) {
      std::uint32_t word;
      std::memcpy(&word, &wide[i], sizeof(word));
      narrow[i] = T{static_cast<std::uint16_t>(word >> 16)};
    }
    return narrow;
  }
}

template <class T>
class DecoderRows : public ::testing::Test {
 protected:
  static constexpr double kTolerance = std::is_same_v<T, float> ? 2e-6 : 5e-3;  // bfloat16 has eight bits
};
using Types = ::testing::Types<float, BrainFloat>;
TYPED_TEST_SUITE(DecoderRows, Types);

TYPED_TEST(DecoderRows, RootMeanSquareNormAndItsSlopes) {
  constexpr std::int64_t rows = 3, width = 77;
  constexpr double epsilon = 1e-5;
  const std::vector<float> x = numbers<float>(rows * width, 1), w = numbers<float>(width, 2);
  const std::vector<TypeParam> dy = values<TypeParam>(rows * width, 3);
  std::vector<TypeParam> y(x.size());
  std::vector<float> s(rows), dx(x.size()), dw(width, 1);
  rms_norm_rows(x.data(), w.data(), static_cast<float>(epsilon), rows, width, y.data(), s.data());
  rms_norm_backward_rows(dy.data(), x.data(), w.data(), s.data(), rows, width, dx.data(), dw.data());
  std::vector<double> by_weight(width, 1);  // added to what was there
  for (std::size_t r = 0; r < rows; ++r) {
    const float* row = x.data() + r * width;
    double squares = 0, along = 0;
    for (std::size_t c = 0; c < width; ++c) squares += number(row[c]) * row[c];
    const double scale = 1 / std::sqrt(squares / width + epsilon);
    EXPECT_NEAR(s[r], scale, 1e-6 * scale);
    for (std::size_t c = 0; c < width; ++c) {
      EXPECT_NEAR(number(y[r * width + c]), row[c] * scale * w[c], this->kTolerance * 2);
      along += number(dy[r * width + c]) * w[c] * row[c];
      by_weight[c] += number(dy[r * width + c]) * row[c] * scale;
    }
    for (std::size_t c = 0; c < width; ++c)
      EXPECT_NEAR(dx[r * width + c],
                  scale * number(dy[r * width + c]) * w[c] - row[c] * along * scale * scale * scale / width, 4e-6);
  }
  for (std::size_t c = 0; c < width; ++c) EXPECT_NEAR(dw[c], by_weight[c], 4e-6);
}

TYPED_TEST(DecoderRows, GatedLinearUnitAndItsSlopes) {
  constexpr std::int64_t count = 203;
  std::vector<TypeParam> gate = values<TypeParam>(count, 4), up = values<TypeParam>(count, 5);
  const std::vector<TypeParam> dy = values<TypeParam>(count, 6);
  std::vector<TypeParam> y(count), dgate(count), dup(count);
  swiglu_elements(gate.data(), up.data(), count, y.data());
  swiglu_backward_elements(dy.data(), gate.data(), up.data(), count, dgate.data(), dup.data());
  for (std::size_t i = 0; i < count; ++i) {
    const double g = number(gate[i]), u = number(up[i]), d = number(dy[i]), sigmoid = 1 / (1 + std::exp(-g));
    EXPECT_NEAR(number(y[i]), g * sigmoid * u, this->kTolerance);
    EXPECT_NEAR(number(dgate[i]), d * u * sigmoid * (1 + g * (1 - sigmoid)), this->kTolerance);
    EXPECT_NEAR(number(dup[i]), d * g * sigmoid, this->kTolerance);
  }
}

TYPED_TEST(DecoderRows, RotaryPositionsTurnAndTurnBack) {
  constexpr std::int64_t tokens = 7, heads = 3, size = 10, period = 4, half = size / 2;
  std::vector<float> cosines, sines;
  for (std::int64_t i = 0; i < period * half; ++i) {
    cosines.push_back(std::cos(static_cast<float>(i)));
    sines.push_back(std::sin(static_cast<float>(i)));
  }
  const std::vector<TypeParam> x = values<TypeParam>(tokens * heads * size, 7);
  std::vector<TypeParam> y(x.size());
  rotate_tokens(x.data(), cosines.data(), sines.data(), 0, tokens, heads, size, period, 1.0f, y.data());
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t h = 0; h < heads; ++h)
      for (std::size_t i = 0; i < half; ++i) {
        const std::size_t a = (t * heads + h) * size + i, b = a + half, angle = t % period * half + i;
        EXPECT_NEAR(number(y[a]), number(x[a]) * cosines[angle] - number(x[b]) * sines[angle], 2 * this->kTolerance);
        EXPECT_NEAR(number(y[b]), number(x[b]) * cosines[angle] + number(x[a]) * sines[angle], 2 * this->kTolerance);
      }
  rotate_tokens(y.data(), cosines.data(), sines.data(), 0, tokens, heads, size, period, -1.0f, y.data());
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(number(y[i]), number(x[i]), 4 * this->kTolerance);
}

TYPED_TEST(DecoderRows, CrossEntropyLeavesItsSlopeInTheLogits) {
  constexpr std::int64_t rows = 4, columns = 101;
  const std::vector<TypeParam> before = values<TypeParam>(rows * columns, 8);
  const std::vector<std::int64_t> targets{0, 100, -1, 37};
  std::vector<TypeParam> logits = before;
  std::vector<float> losses(rows);
  cross_entropy_rows(logits.data(), targets.data(), rows, columns, 0.5f, losses.data());
  for (std::size_t r = 0; r < rows; ++r) {
    double sum = 0;
    for (std::size_t c = 0; c < columns; ++c) sum += std::exp(number(before[r * columns + c]));
    const bool counts = targets[r] >= 0;
    const double loss = counts ? std::log(sum) - number(before[r * columns + static_cast<std::size_t>(targets[r])]) : 0;
    EXPECT_NEAR(losses[r], loss, 4e-6);
    for (std::size_t c = 0; c < columns; ++c) {
      const double share =
          std::exp(number(before[r * columns + c])) / sum - (static_cast<std::int64_t>(c) == targets[r]);
      EXPECT_NEAR(number(logits[r * columns + c]), counts ? 0.5 * share : 0, this->kTolerance) << r << ", " << c;
    }
  }
}

}  // namespace
}  // namespace talweg::models
