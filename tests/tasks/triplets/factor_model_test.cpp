#include "tasks/triplets/factor_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/objective/ray.h"
#include "core/temporary_folder.h"
#include "tasks/descent.h"
#include "tasks/triplets/comparison_factorization.h"
#include "tasks/triplets/comparison_task.h"
#include "tasks/triplets/identifiability.h"
#include "tasks/triplets/ranking_metrics.h"
#include "tasks/triplets/synthetic_comparisons.h"
#include "tasks/triplets/triplet_loss.h"

namespace talweg::tasks {
namespace {

using ::testing::HasSubstr;

data::Batch all_of(Task& task) {
  return dynamic_cast<const data::TensorDataset&>(task.training_data()).all();
}

/// E⟨A, M⟩² = γ‖MJ‖² over uniform users and ordered pairs of distinct items; 2·10⁶ of them.
TEST(SamplingScale, IsTheSecondMomentOfAComparison) {
  const ComparisonData data =
      synthetic_comparisons({.comparisons = 2'000'000, .evaluation_comparisons = 1}, RandomStreams(5));
  const at::Tensor margins = triplet_margins(data.truth->users, data.truth->items, data.training);
  const at::Tensor x = data.truth->users.mm(data.truth->items.t());
  EXPECT_NEAR(margins.square().mean().item<double>() / (sampling_scale(data) * x.square().sum().item<double>()), 1,
              0.01);
}

/// Warm starts at ϑ = 0.5, 1 and 2 all converge within 600 steps.
TEST(FactorStart, NearTheTruthConverges) {
  for (const double noise : {0.5, 1.0, 2.0}) {
    auto task = make_comparisons(fmt::format(", start: {{type: near_truth, noise: {}}}", noise));
    EXPECT_LT(descend(*task, 1, {600}, "factor_error")[0], 1e-8) << noise;
  }
}

/// From the comparisons alone, at the scale that explains them: nearer than the floor of the unscaled estimate, 0.364.
TEST(FactorStart, SpectralIsNearTheTruth) {
  auto task = make_comparisons(", data: {comparisons: 300000}, start: spectral");
  EXPECT_LT(metric_of(*task, "matrix_error"), 0.3);
  EXPECT_LT(metric_of(*task, "imbalance"), 1e-6);
}

/// The clip does nothing at the incoherence of the truth, and stalls descent when it is four times as tight.
TEST(Projection, OnShortRowsIsNotNeededAndActs) {
  const std::string start = ", start: {type: near_truth, noise: 0.2}";
  const double without = descend(*make_comparisons(start), 1, {300}, "factor_error")[0];
  const double with = descend(*make_comparisons(start + ", incoherence: 6.43"), 1, {300}, "factor_error")[0];
  EXPECT_NEAR(with / without, 1, 0.01);
  EXPECT_GT(descend(*make_comparisons(start + ", incoherence: 1.6"), 1, {300}, "factor_error")[0], 1e-2);
}

/// Four times the recommended step is told, the recommended one is not.
TEST(StepSize, AboveTheBoundIsTold) {
  auto task = make_comparisons(", data: {comparisons: 60000}");
  const auto& theory = dynamic_cast<const StepSizeTheory&>(*task);
  EXPECT_EQ(theory.warning(424), "");
  EXPECT_THAT(theory.warning(4 * 424), HasSubstr("cycles or diverges"));
  EXPECT_THAT(theory.theory(424), HasSubstr("fits"));
}

std::vector<std::vector<std::int64_t>> shuffled_batches(std::int64_t examples, std::int64_t size, int epoch) {
  const auto order =
      random_permutation(examples, RandomStreams(4).generator("order", static_cast<std::uint64_t>(epoch)));
  std::vector<std::vector<std::int64_t>> batches;
  for (std::int64_t begin = 0; begin < examples; begin += size)
    batches.emplace_back(order.begin() + begin, order.begin() + begin + size);
  return batches;
}

/// Mini-batches of noiseless comparisons find the utilities as descent on all of them does: every one is explained.
TEST(MiniBatches, FindTheUtilities) {
  Descent descent("{type: comparison_factorization, baselines: false}", "{type: sgd, learning_rate: 200}");
  for (int epoch = 0; epoch < 250; ++epoch)
    for (const std::vector<std::int64_t>& batch : shuffled_batches(12000, 3000, epoch)) descent.step(batch);
  EXPECT_LT(metric_of(descent.task(), "matrix_error"), 1e-3);
}

std::string with_everything(const talweg::testing::TemporaryFolder& folder) {
  std::ofstream(folder.path() / "choices.csv")
      << "user,winner,loser,weight\na,x,y,1\na,y,z,2\nb,z,x,1\nb,x,w,1\nc,w,y,3\nc,y,x,1\nd,z,w,1\nd,x,z,2\n";
  std::ofstream(folder.path() / "users.csv") << "id,age,size\na,1,0\nb,2,5\nc,4,1\nd,3,2\n";
  std::ofstream(folder.path() / "items.csv") << "id,price\nx,1\ny,2\nz,5\nw,0\n";
  return fmt::format(
      ", rank: 2, item_bias: true, user_decay: 0.3, item_decay: 0.2, balance: 2, data: {{type: comparison_csv, path: "
      "'{0}/choices.csv', evaluation_share: 0.25}}, user_features: '{0}/users.csv', item_features: '{0}/items.csv'",
      folder.path().string());
}

/// With bias, features, weights, decays and balance, along a random direction.
TEST(MarginRay, HasTheValuesOfTheLoss) {
  const talweg::testing::TemporaryFolder folder;
  auto task = make_comparisons(with_everything(folder));
  torch::manual_seed(8);
  const data::Batch batch = all_of(*task);
  std::vector<at::Tensor> parameters = task->module().parameters(), origin;
  Direction direction;
  {
    const torch::NoGradGuard no_grad;
    for (at::Tensor& p : parameters) {
      p.add_(at::randn_like(p));
      origin.push_back(p.detach().clone());
      direction.push_back(at::randn_like(p));
    }
  }
  const auto ray = dynamic_cast<ClosedFormRays&>(*task).ray(batch, direction);
  const std::vector<double> steps{0, 0.3, 1.7};
  const std::vector<double> values = ray->values(steps);
  const torch::NoGradGuard no_grad;
  for (std::size_t k = 0; k < steps.size(); ++k) {
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].copy_(origin[i] - steps[k] * direction[i]);
    EXPECT_NEAR(values[k], task->loss(batch).item<double>(), 1e-12 * std::abs(values[k])) << steps[k];
  }
}

/// Losses of examples have the batch's as their mean, whatever the example is.
TEST(Examples, HaveTheLossAsTheirMean) {
  const talweg::testing::TemporaryFolder folder;
  for (const char* unit : {"comparison", "user"}) {
    auto task = make_comparisons(with_everything(folder) + ", comparisons_per_user: 2, example: " + unit);
    const data::Batch batch = all_of(*task);
    const at::Tensor losses = dynamic_cast<PerExampleLosses&>(*task).example_losses(batch);
    EXPECT_EQ(losses.size(0), unit == std::string("user") ? 4 : 6);
    EXPECT_NEAR(losses.mean().item<double>(), task->loss(batch).item<double>(), 1e-14) << unit;
  }
}

/// All of a user's comparisons kept: the objective over users is the one over comparisons.
TEST(Examples, OfUsersHaveTheObjectiveOfComparisons) {
  auto plain = make_comparisons(", data: {comparisons: 500, users: 20}"),
       users = make_comparisons(", data: {comparisons: 500, users: 20}, example: user, comparisons_per_user: 100");
  EXPECT_EQ(users->training_data().size(), 20);
  EXPECT_NEAR(users->loss(all_of(*users)).item<double>(), plain->loss(all_of(*plain)).item<double>(), 1e-13);
  EXPECT_THAT(users->uses_of_data(), ::testing::Contains(HasSubstr("the unit that is protected is a user")));
}

TEST(Recommendations, ForAnUnknownUserAreThoseOfTheBias) {
  const talweg::testing::TemporaryFolder folder;
  auto task = make_comparisons(with_everything(folder));
  auto& factors = dynamic_cast<ComparisonFactorization&>(*task);
  const torch::NoGradGuard no_grad;
  dynamic_cast<FactorModel&>(task->module()).item_bias.copy_(at::tensor({0.0, 3.0, 1.0, 2.0}, at::kDouble));
  std::vector<std::string> items;
  for (const auto& [item, utility] : factors.recommend("nobody", 3)) items.push_back(item);
  EXPECT_THAT(items, ::testing::ElementsAre("y", "w", "z"));
}

/// Ranked z, x, y where gains are 1, ½, 0 for x, y, z.
TEST(RankingMetrics, AreThoseOfTheirDefinition) {
  const UtilityRows rows{at::ones({1, 1}, at::kDouble), at::tensor({2.0, 1.0, 3.0}, at::kDouble).view({3, 1})};
  const Relevance relevance{at::zeros({3}, at::kInt), at::tensor({0, 1, 2}, at::kInt),
                            at::tensor({1.0, 0.5, 0.0}, at::kDouble)};
  const double half = std::sqrt(2.0) - 1, second = 1 / std::log2(3.0), third = 0.5;
  const Metrics metrics = ranking_metrics(rows, relevance, 10);
  ASSERT_EQ(metrics.size(), 2u);
  EXPECT_NEAR(metrics[0].second, (second + half * third) / (1 + half * second), 1e-14);
  EXPECT_EQ(metrics[1].second, 1);
  EXPECT_EQ(ranking_metrics(rows, relevance, 1)[1].second, 0) << "the best held-out item is second";
  const Triplets t{at::zeros({2}, at::kInt),
                   at::tensor({0, 0}, at::kInt),
                   at::tensor({1, 2}, at::kInt),
                   at::tensor({1.0, 0.5}, at::kDouble),
                   {}};
  EXPECT_TRUE(at::equal(relevance_of(t, 3).gains, at::tensor({0.75, 0.0, 0.5}, at::kDouble)));
}

TEST(CalibrationError, IsTheGapOfPredictionsAndOutcomes) {
  const at::Tensor z = at::full({4}, std::log(3.0), at::kDouble);  // predicted ¾
  EXPECT_NEAR(calibration_error(z, at::tensor({1.0, 1.0, 1.0, 0.0}, at::kDouble)), 0, 1e-15);
  EXPECT_NEAR(calibration_error(-z, at::tensor({1.0, 1.0, 1.0, 1.0}, at::kDouble)), 0.75, 1e-15);
}

/// The information of too few comparisons has directions without any; of enough it has none.
TEST(Identifiability, IsSeenInCountsAndInInformation) {
  const auto section_of = [](std::int64_t comparisons) {
    const ComparisonData data =
        synthetic_comparisons({.users = 30, .items = 40, .comparisons = comparisons}, RandomStreams(3));
    const auto information = factor_information(data.truth->users, data.truth->items, data.training);
    ComparisonSummary summary(data.users, data.items);
    summary.add(data.training);
    return std::pair(*information, identifiability_section(count_comparisons(summary, 3), information));
  };
  const auto few = section_of(150), enough = section_of(2000);
  EXPECT_LT(few.first.least, 1e-12 * few.first.greatest);
  EXPECT_THAT(few.second.at("text"),
              HasSubstr("fewer comparisons (150) than the factors have degrees of freedom (198)"));
  EXPECT_GT(enough.first.least, 1e-8 * enough.first.greatest);
  EXPECT_THAT(enough.second.at("text"), HasSubstr("determine the factors"));
}

TEST(Identifiability, GroupsThatNobodyComparedAreCounted) {
  ComparisonSummary summary(2, 5);
  summary.add({at::tensor({0, 1}, at::kInt),
               at::tensor({0, 2}, at::kInt),
               at::tensor({1, 3}, at::kInt),
               at::ones({2}, at::kDouble),
               {}});
  const ComparisonCounts counts = count_comparisons(summary, 1);
  EXPECT_EQ(counts.components, 3);
  EXPECT_EQ(counts.largest, 2);
  EXPECT_EQ(counts.items_without, 1);
  EXPECT_EQ(counts.freedom, 5);
}

}  // namespace
}  // namespace talweg::tasks
