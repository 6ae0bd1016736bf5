// The passes of consensus over the parameters, against their formulas in plain loops of doubles.
#include "core/agents/consensus_kernels.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/numbers.h"

namespace talweg::agents {
namespace {

using test::numbers;

template <class T>
constexpr double kNear = sizeof(T) == 4 ? 4e-6 : 1e-14;

template <class T>
void adds_a_term(std::int64_t n) {
  const auto theta = numbers<T>(n, 1), linear = numbers<T>(n, 2), centre = numbers<T>(n, 3), before = numbers<T>(n, 5);
  auto curvature = numbers<T>(n, 4), gradient = before;
  for (T& c : curvature) c = std::abs(c);
  for (std::size_t k = 0; k < gradient.size(); k += 3) gradient[k] = 0;
  const auto raw = gradient;
  std::vector<T> counts(theta.size(), T(7));
  const double energy = add_term<T>(
      n, {theta.data(), gradient.data(), linear.data(), centre.data(), curvature.data(), T(0), T(2), counts.data()});
  double expected = 0;
  for (std::size_t k = 0; k < theta.size(); ++k) {
    const double distance = double(theta[k]) - double(centre[k]);
    expected += double(linear[k]) * double(theta[k]) + 0.5 * double(curvature[k]) * distance * distance;
    EXPECT_NEAR(gradient[k], 2 * double(raw[k]) + double(linear[k]) + double(curvature[k]) * distance, kNear<T>);
    EXPECT_EQ(counts[k], raw[k] != 0 ? T(8) : T(7));
  }
  EXPECT_NEAR(energy, expected, kNear<T> * static_cast<double>(n));
}

TEST(ConsensusKernels, AddATermAndCountGradientsThatAreNotZero) {
  for (const std::int64_t n : {1, 5, 127, 128, 300}) {
    adds_a_term<float>(n);
    adds_a_term<double>(n);
  }
}

TEST(ConsensusKernels, LeaveOutWhatIsNotThere) {
  const auto theta = numbers<double>(200, 1);
  auto gradient = numbers<double>(200, 2);
  const auto before = gradient;
  EXPECT_EQ(add_term<double>(200, {theta.data(), gradient.data(), nullptr, nullptr, nullptr, 3.0, 1.0, nullptr}), 0);
  EXPECT_EQ(gradient, before);
  add_term<double>(200, {theta.data(), gradient.data(), nullptr, theta.data(), nullptr, 3.0, 1.0, nullptr});
  EXPECT_EQ(gradient, before) << "no force in the centre";
}

template <class T>
void retargets(std::int64_t n, bool by_edge) {
  constexpr double rho = 0.3, floor = 1e-3;
  const auto theta = numbers<T>(n, 1), first = numbers<T>(n, 2), second = numbers<T>(n, 3), old = numbers<T>(n, 4);
  auto counts = numbers<T>(n, 5), counts_first = numbers<T>(n, 6), counts_second = numbers<T>(n, 7);
  for (auto* list : {&counts, &counts_first, &counts_second})
    for (T& u : *list) u = std::abs(u);
  std::vector<T> dual = old, edge_first = old, edge_second = old, centre(old.size()), curvature(old.size());
  const std::vector<CopyEntries<T>> copies{
      {first.data(), counts_first.data(), by_edge ? edge_first.data() : nullptr, T(0.9), T(-0.1), true},
      {second.data(), counts_second.data(), by_edge ? edge_second.data() : nullptr, T(0.5), T(0.2), false}};
  const double constant = retarget<T>(
      n, {theta.data(), counts.data(), dual.data(), centre.data(), curvature.data(), T(rho), T(floor), by_edge},
      copies.data(), 2);
  double expected_constant = 0;
  for (std::size_t k = 0; k < theta.size(); ++k) {
    const auto weight = [=](double slope, double offset, double u) { return std::max(floor, slope * u + offset); };
    const double a[] = {weight(0.9, -0.1, counts[k]), weight(0.5, 0.2, counts[k])};
    const double b[] = {weight(0.9, -0.1, counts_first[k]), weight(0.5, 0.2, counts_second[k])};
    const double other[] = {first[k], second[k]};
    double z[2], weighted = 0;
    for (const int j : {0, 1}) {
      z[j] = (a[j] * theta[k] + b[j] * other[j]) / (a[j] + b[j]);
      weighted += a[j] * z[j];
    }
    const double total = a[0] + a[1], moved = 2 * rho * a[0] * b[0] / (a[0] + b[0]) * (theta[k] - other[0]);
    EXPECT_NEAR(centre[k], weighted / total, kNear<T>);
    EXPECT_NEAR(curvature[k], 2 * rho * total, kNear<T>);
    EXPECT_NEAR(dual[k], old[k] + moved, kNear<T>) << "that of the second does not act";
    if (by_edge) {
      EXPECT_NEAR(edge_first[k], old[k] + moved, kNear<T>);
      EXPECT_EQ(edge_second[k], old[k]);
    }
    for (const int j : {0, 1}) expected_constant += rho * a[j] * std::pow(z[j] - weighted / total, 2);
  }
  EXPECT_NEAR(constant, expected_constant, kNear<T> * static_cast<double>(n));
}

TEST(ConsensusKernels, PlaceTargetsAndMoveDuals) {
  for (const std::int64_t n : {1, 130, 257})
    for (const bool by_edge : {false, true}) {
      retargets<float>(n, by_edge);
      retargets<double>(n, by_edge);
    }
}

TEST(ConsensusKernels, FindTheRangeOfSumsOfCounts) {
  for (const std::int64_t n : {1, 17, 100}) {
    const auto a = numbers<float>(n, 1), b = numbers<float>(n, 2);
    float least = 10, largest = -10;
    for (std::size_t k = 0; k < a.size(); ++k) {
      least = std::min(least, a[k] + b[k]);
      largest = std::max(largest, a[k] + b[k]);
    }
    const CountRange<float> range = range_of_sums(n, a.data(), b.data());
    EXPECT_EQ(range.least, least);
    EXPECT_EQ(range.largest, largest);
  }
}

}  // namespace
}  // namespace talweg::agents
