// Backtracking on functions of one number: what blocks and bisection save must not show in the answer.
#include "optim/line_search/backtracking.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "optim/register.h"

namespace talweg::optim {
namespace {

/// A function of the step size that counts its evaluations.
class FunctionRay : public Ray {
 public:
  FunctionRay(std::function<double(double)> phi, std::size_t block, bool convex)
      : phi_(std::move(phi)), block_(block), convex_(convex) {}
  std::vector<double> values(std::span<const double> steps) override {
    ++calls;
    std::vector<double> values;
    for (const double step : steps) values.push_back(phi_(step));
    evaluations += static_cast<std::int64_t>(steps.size());
    return values;
  }
  std::size_t block_size() const override { return block_; }
  bool is_convex() const override { return convex_; }
  void accept(double) override {}
  std::int64_t forwards() const override { return evaluations; }

  std::int64_t calls = 0, evaluations = 0;

 private:
  std::function<double(double)> phi_;
  std::size_t block_;
  bool convex_;
};

std::unique_ptr<AcceptanceTest> test_of(const std::string& type) {
  register_components();
  return config::Component<AcceptanceKind>(type).create();
}

TEST(Backtracking, BisectionGivesTheAnswerOfTheSequentialSearch) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> uniform;
  for (const std::string type : {"armijo", "nonmonotone"})
    for (int trial = 0; trial < 400; ++trial) {
      // Convex: a linear descent, a curvature and a barrier, each over many orders of magnitude.
      const double slope = std::pow(10, 4 * uniform(random) - 2), curvature = std::pow(10, 16 * uniform(random) - 12),
                   barrier = std::pow(10, 8 * uniform(random) - 6);
      const auto phi = [&](double eta) {
        return 3 - slope * eta + curvature * eta * eta + std::max(0.0, std::exp(barrier * eta) - 1 - barrier * eta);
      };
      SearchLimits limits;
      limits.shrink = 0.3 + 0.65 * uniform(random);
      limits.max_trials = trial % 7 == 0 ? 5 : enough_trials(1e8, 1e-12, limits.shrink);
      limits.expected = trial % 3 == 0 ? 0 : std::pow(10, 12 * uniform(random) - 8);
      const double first = trial % 2 == 0 ? 1e8 : std::pow(10, 10 * uniform(random) - 5);
      const std::unique_ptr<AcceptanceTest> test = test_of(type);
      test->begin({3, slope});
      FunctionRay plain(phi, 1, false);
      const SearchResult expected = backtrack(plain, *test, {3, slope}, first, limits);
      for (const std::size_t block : {1, 4, 32})
        for (const bool convex : {false, true}) {
          FunctionRay ray(phi, block, convex);
          const SearchResult result = backtrack(ray, *test, {3, slope}, first, limits);
          EXPECT_EQ(result.status, expected.status);
          EXPECT_EQ(result.step, expected.step);
          EXPECT_EQ(result.value, expected.value);
          EXPECT_EQ(result.trials, expected.trials);
          EXPECT_EQ(result.backtracks, expected.backtracks);
        }
    }
}

TEST(Backtracking, BisectionEvaluatesFewSteps) {
  const auto phi = [](double eta) { return std::exp(-eta) + 1e-3 * eta * eta; };
  SearchLimits limits;
  limits.shrink = 0.9;
  limits.max_trials = enough_trials(1e8, 1e-12, 0.9);
  const std::unique_ptr<AcceptanceTest> test = test_of("armijo");
  FunctionRay ray(phi, 4, true);
  const SearchResult result = backtrack(ray, *test, {1, 1}, 1e8, limits);
  EXPECT_GT(result.trials, 150);
  EXPECT_LT(ray.evaluations, 25);
  limits.expected = result.step;
  FunctionRay again(phi, 4, true);
  EXPECT_EQ(backtrack(again, *test, {1, 1}, 1e8, limits).step, result.step);
  EXPECT_EQ(again.calls, 1) << "the expected step and its neighbours decide";
  limits.expected = 0;
  FunctionRay immediate(phi, 4, true);
  EXPECT_EQ(backtrack(immediate, *test, {1, 1}, 0.5, limits).trials, 1);
  EXPECT_EQ(immediate.evaluations, 1) << "an accepted first trial is one evaluation";
}

TEST(Backtracking, NonFiniteValuesAreTooLong) {
  for (const bool convex : {false, true}) {
    SearchLimits limits;
    limits.max_trials = 100;
    FunctionRay ray([](double eta) { return eta > 0.1 ? std::nan("") : 1 - eta; }, 4, convex);
    EXPECT_EQ(backtrack(ray, *test_of("armijo"), {1, 1}, 1, limits).step, 0.0625);
  }
}

}  // namespace
}  // namespace talweg::optim
