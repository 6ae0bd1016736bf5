// Linear attention in lanes against loops over one prompt in float64: x ← x + V·G·W·x/λ with the Gram matrix G of all
// columns so far.
#include <gtest/gtest.h>

#include "core/simd/scratch.h"
#include "kernels/numbers.h"
#include "models/in_context/decoding_kernel.h"
#include "models/in_context/teacher_forcing_kernel.h"

namespace talweg::models {
namespace {

using test::numbers;
using Vector = std::vector<double>;

constexpr std::int64_t kHalf = 4, kSize = 2 * kHalf, kExamples = 6, kSteps = 5, kPrompts = 21;

/// y = M·x, M [size, size].
Vector product(const Vector& matrix, const Vector& x) {
  Vector y(x.size());
  for (std::size_t r = 0; r < x.size(); ++r)
    for (std::size_t c = 0; c < x.size(); ++c) y[r] += matrix[r * x.size() + c] * x[c];
  return y;
}

/// G += z·zᵀ.
void add_column(Vector& gram, const Vector& z) {
  for (std::size_t r = 0; r < z.size(); ++r)
    for (std::size_t c = 0; c < z.size(); ++c) gram[r * z.size() + c] += z[r] * z[c];
}

template <class T>
struct Layer {
  std::vector<T> value = numbers<T>(kSize * kSize, 1), key_query = numbers<T>(kSize * kSize, 2);
  std::vector<T> context = numbers<T>(kHalf * kExamples * kPrompts, 3);  // [d + 1, n, B]
  std::vector<T> scales = numbers<T>(kSteps, 4);

  Vector value_of() const { return {value.begin(), value.end()}; }
  Vector key_query_of() const { return {key_query.begin(), key_query.end()}; }
  /// Gram matrix of a prompt's examples.
  Vector gram(std::int64_t prompt) const {
    Vector sum(kSize * kSize);
    for (std::int64_t j = 0; j < kExamples; ++j) {
      Vector z(kSize);
      for (std::int64_t r = 0; r < kHalf; ++r)
        z[static_cast<std::size_t>(r)] = context[static_cast<std::size_t>((r * kExamples + j) * kPrompts + prompt)];
      add_column(sum, z);
    }
    return sum;
  }
};

template <class T>
class InContext : public ::testing::Test {
 protected:
  static constexpr double kTolerance = sizeof(T) == 8 ? 1e-12 : 2e-4;
};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(InContext, Types);

TYPED_TEST(InContext, DecodingFollowsTheRecurrence) {
  using T = TypeParam;
  const Layer<T> layer;
  for (const bool projected : {false, true}) {
    std::vector<T> weights(static_cast<std::size_t>(kSteps * (kHalf - 1) * kPrompts));
    const DecodingProblem<T> problem{kPrompts,
                                     kHalf,
                                     kExamples,
                                     kSteps,
                                     layer.value.data(),
                                     layer.key_query.data(),
                                     layer.context.data(),
                                     1,
                                     kExamples * kPrompts,
                                     kPrompts,
                                     layer.scales.data(),
                                     projected,
                                     weights.data()};
    simd::Scratch scratch;
    decode_prompts(problem, 0, 8, scratch.reserve(problem.vectors_needed()));
    decode_prompts(problem, 8, kPrompts, scratch.reserve(problem.vectors_needed()));
    for (std::int64_t b = 0; b < kPrompts; ++b) {
      Vector gram = layer.gram(b), token(kSize);
      token[kSize - 1] = 1;
      for (std::int64_t step = 0; step < kSteps; ++step) {
        add_column(gram, token);
        const Vector change = product(layer.value_of(), product(gram, product(layer.key_query_of(), token)));
        for (std::size_t r = 0; r < token.size(); ++r)
          token[r] += change[r] * layer.scales[static_cast<std::size_t>(step)];
        double length = 1;
        for (const double x : token) length = std::max(length, std::abs(x));
        for (std::int64_t r = 0; r + 1 < kHalf; ++r)
          ASSERT_NEAR(weights[static_cast<std::size_t>((step * (kHalf - 1) + r) * kPrompts + b)],
                      token[static_cast<std::size_t>(kHalf + r)], this->kTolerance * length)
              << b << ", " << step << ", " << r;
        if (length > 1e3) break;  // beyond it the recurrence amplifies rounding
        if (!projected) continue;
        std::fill(token.begin(), token.begin() + kHalf, 0);
        token[kSize - 1] = 1;
      }
    }
  }
}

/// Σ ‖residual‖² over the steps of all prompts, by loops.
template <class T>
double teacher_forced(const Layer<T>& layer, const Vector& value, const Vector& key_query, const std::vector<T>& path) {
  double sum = 0;
  for (std::int64_t b = 0; b < kPrompts; ++b) {
    Vector gram = layer.gram(b);
    const auto token = [&](std::int64_t i) {
      Vector z(kSize);
      for (std::int64_t r = 0; r + 1 < kHalf; ++r)
        z[static_cast<std::size_t>(kHalf + r)] = path[static_cast<std::size_t>((i * (kHalf - 1) + r) * kPrompts + b)];
      z[kSize - 1] = 1;
      return z;
    };
    for (std::int64_t i = 0; i < kSteps; ++i) {
      const Vector z = token(i), next = token(i + 1);
      add_column(gram, z);
      const Vector change = product(value, product(gram, product(key_query, z)));
      for (std::size_t r = 0; r < z.size(); ++r) {
        const double residual = z[r] + change[r] * layer.scales[static_cast<std::size_t>(i)] - next[r];
        sum += residual * residual;
      }
    }
  }
  return sum;
}

TYPED_TEST(InContext, TeacherForcingSumsSquaresAndTheirSlopes) {
  using T = TypeParam;
  const Layer<T> layer;
  const std::vector<T> path = numbers<T>((kSteps + 1) * (kHalf - 1) * kPrompts, 5);
  const TeacherForcingProblem<T> problem{kPrompts,
                                         kHalf,
                                         kExamples,
                                         kSteps,
                                         layer.value.data(),
                                         layer.key_query.data(),
                                         layer.context.data(),
                                         path.data(),
                                         1,
                                         kExamples * kPrompts,
                                         kPrompts,
                                         1,
                                         (kHalf - 1) * kPrompts,
                                         kPrompts,
                                         layer.scales.data()};
  simd::Scratch scratch;
  Vector gradients(kSize * (kSize + kHalf));
  const double sum =
      teacher_forced_sums(problem, 0, kPrompts, scratch.reserve(problem.vectors_needed()), gradients.data());
  Vector value = layer.value_of(), key_query = layer.key_query_of();
  const double expected = teacher_forced(layer, value, key_query, path);
  EXPECT_NEAR(sum, expected, this->kTolerance * expected);
  EXPECT_NEAR(teacher_forced_sums(problem, 0, kPrompts, scratch.reserve(problem.vectors_needed()), nullptr), sum,
              1e-12 * sum);
  // The sum is a parabola along an entry of either matrix; the kernel's gradients are those of half of it.
  double largest = 0;
  for (const double g : gradients) largest = std::max(largest, std::abs(g));
  const auto slope = [&](double& entry) {
    const double x = entry;
    entry = x + 0.5;
    const double above = teacher_forced(layer, value, key_query, path);
    entry = x - 0.5;
    const double below = teacher_forced(layer, value, key_query, path);
    entry = x;
    return (above - below) / 2;
  };
  for (std::size_t i = 0; i < value.size(); ++i)
    ASSERT_NEAR(gradients[i], slope(value[i]), this->kTolerance * largest) << "value, entry " << i;
  for (std::size_t r = 0; r < kSize; ++r)
    for (std::size_t c = 0; c < kHalf; ++c)
      ASSERT_NEAR(gradients[value.size() + r * kHalf + c], slope(key_query[r * kSize + kHalf + c]),
                  this->kTolerance * largest)
          << "key and query, row " << r << ", column " << c;
}

}  // namespace
}  // namespace talweg::models
