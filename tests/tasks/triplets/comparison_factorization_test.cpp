#include "tasks/triplets/comparison_factorization.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <fstream>

#include "complaint.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"
#include "tasks/register.h"
#include "tasks/triplets/baselines.h"
#include "tasks/triplets/comparison_task.h"
#include "tasks/triplets/factor_errors.h"
#include "tasks/triplets/triplet_loss.h"

namespace talweg::tasks {
namespace {

using ::testing::HasSubstr;

Triplets random_triplets(std::int64_t m, std::int64_t users, std::int64_t items, at::ScalarType type) {
  Triplets t;
  t.users = std::get<0>(at::randint(users, {m}, at::kInt).sort());
  t.first = at::randint(items, {m}, at::kInt);
  t.second = (t.first + at::randint(1, items, {m}, at::kInt)).remainder(items).to(at::kInt);
  t.labels = at::rand({m}, type);
  return t;
}

/// Every width of the kernel, counts that leave vectors half full, several parts, with weights and without.
TEST(TripletLoss, AgreesWithOrdinaryDifferentiation) {
  torch::manual_seed(3);
  for (const std::int64_t rank : {1, 3, 7, 16, 20, 40})
    for (const std::int64_t m : {1, 13, 9001})
      for (const bool weighted : {false, true}) {
        SCOPED_TRACE(fmt::format("rank {} m {} weighted {}", rank, m, weighted));
        Triplets t = random_triplets(m, 30, 40, at::kDouble);
        if (weighted) t.weights = at::rand({m}, at::kDouble);
        at::Tensor u = at::randn({30, rank}, at::kDouble).requires_grad_(),
                   v = at::randn({40, rank}, at::kDouble).requires_grad_();
        const at::Tensor loss = triplet_loss(u, v, t);
        loss.backward();
        const at::Tensor of_users = u.grad().clone(), of_items = v.grad().clone();
        u.mutable_grad() = at::Tensor();
        v.mutable_grad() = at::Tensor();
        const at::Tensor z = triplet_margins(u, v, t);
        at::Tensor losses = at::softplus(z, 1, 1000) - t.labels * z;
        if (weighted) losses = losses * t.weights;
        const at::Tensor expected = losses.mean();
        expected.backward();
        EXPECT_NEAR(loss.item<double>(), expected.item<double>(), 1e-13);
        EXPECT_TRUE(at::allclose(of_users, u.grad(), 1e-12, 1e-14));
        EXPECT_TRUE(at::allclose(of_items, v.grad(), 1e-12, 1e-14));
        const torch::NoGradGuard no_grad;
        EXPECT_EQ(triplet_loss(u, v, t).item<double>(), loss.item<double>());
        const Triplets narrow{t.users, t.first, t.second, t.labels.to(at::kFloat),
                              weighted ? t.weights.to(at::kFloat) : at::Tensor()};
        EXPECT_NEAR(triplet_loss(u.to(at::kFloat), v.to(at::kFloat), narrow).item<double>(), loss.item<double>(), 2e-5);
      }
}

TEST(TripletLoss, FarMarginsHaveTheirLimitsAndNotANumberIsSeen) {
  const Triplets t{at::tensor({0, 0}, at::kInt),
                   at::tensor({0, 1}, at::kInt),
                   at::tensor({1, 0}, at::kInt),
                   at::tensor({1.0, 1.0}, at::kDouble),
                   {}};
  const at::Tensor v = at::tensor({1000.0, 0.0}, at::kDouble).view({2, 1});
  EXPECT_EQ(triplet_loss(at::ones({1, 1}, at::kDouble), v, t).item<double>(), 500);
  EXPECT_TRUE(std::isnan(triplet_loss(at::full({1, 1}, std::nan(""), at::kDouble), v, t).item<double>()));
}

TEST(TripletLoss, ThreadsDoNotChangeTheSums) {
  torch::manual_seed(4);
  const Triplets t = random_triplets(50000, 300, 100, at::kDouble);
  const at::Tensor u = at::randn({300, 3}, at::kDouble).requires_grad_(), v = at::randn({100, 3}, at::kDouble);
  const auto evaluate = [&](int threads) {
    const int before = at::get_num_threads();
    at::set_num_threads(threads);
    u.mutable_grad() = at::Tensor();
    const at::Tensor loss = triplet_loss(u, v, t);
    loss.backward();
    at::set_num_threads(before);
    return std::pair(loss.item<double>(), u.grad().clone());
  };
  const auto one = evaluate(1), two = evaluate(2);
  EXPECT_EQ(one.first, two.first);
  EXPECT_TRUE(at::equal(one.second, two.second));
}

/// Products with the Hessian against differences of gradients.
TEST(TripletLoss, HasSecondDerivatives) {
  torch::manual_seed(5);
  const Triplets t = random_triplets(40, 5, 6, at::kDouble);
  const at::Tensor u = at::randn({5, 2}, at::kDouble).requires_grad_(), v = at::randn({6, 2}, at::kDouble);
  const at::Tensor direction = at::randn({5, 2}, at::kDouble);
  const auto gradient_at = [&](double h) {
    const at::Tensor moved = (u + h * direction).detach().requires_grad_();
    return torch::autograd::grad({triplet_loss(moved, v, t)}, {moved})[0];
  };
  const at::Tensor gradient = torch::autograd::grad({triplet_loss(u, v, t)}, {u}, {}, true, true)[0];
  const at::Tensor product = torch::autograd::grad({(gradient * direction).sum()}, {u})[0];
  EXPECT_TRUE(at::allclose(product, (gradient_at(1e-5) - gradient_at(-1e-5)) / 2e-5, 1e-6, 1e-10));
}

TEST(FactorErrors, AreFreeOfRotation) {
  torch::manual_seed(6);
  const at::Tensor users = at::randn({8, 3}, at::kDouble), drawn = at::randn({9, 3}, at::kDouble);
  const TrueFactors truth{users, drawn - drawn.mean(0, true)};
  const at::Tensor rotation = std::get<0>(at::linalg_qr(at::randn({3, 3}, at::kDouble)));
  EXPECT_LT(factor_error(users.mm(rotation), truth.items.mm(rotation), truth), 1e-12);
  EXPECT_LT(factor_error(-users, -truth.items, truth), 1e-12);
  EXPECT_LT(matrix_error(2 * users, truth.items / 2 + 1, truth), 1e-12);
  EXPECT_GT(factor_error(2 * users, truth.items / 2, truth), 0.1);
}

TEST(ComparisonFactorization, LossIsInvariantUnderRotationsAndShiftsOfItems) {
  auto task = make_comparisons("");
  const data::Batch batch = dynamic_cast<const data::TensorDataset&>(task->training_data()).all();
  std::vector<at::Tensor> factors = task->module().parameters();
  const torch::NoGradGuard no_grad;
  const double before = task->loss(batch).item<double>();
  const at::Tensor rotation = std::get<0>(at::linalg_qr(at::randn({3, 3}, at::kDouble)));
  for (at::Tensor& factor : factors) factor.copy_(factor.mm(rotation));
  EXPECT_NEAR(task->loss(batch).item<double>(), before, 1e-12);
  auto plain = make_comparisons(", balance: 0");
  const double unshifted = plain->loss(batch).item<double>();
  plain->module().parameters()[1].add_(0.7);
  EXPECT_NEAR(plain->loss(batch).item<double>(), unshifted, 1e-12);
}

/// From random starts the factors are recovered from noiseless comparisons, linearly.
TEST(ComparisonFactorization, RecoversTheFactorsLinearly) {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    auto task = make_comparisons("", seed);
    const std::vector<double> error = descend(*task, 1, {150, 225, 300, 1000}, "factor_error");
    EXPECT_LT(error[3], 1e-10) << seed;
    const double early = std::pow(error[1] / error[0], 1.0 / 75), late = std::pow(error[2] / error[1], 1.0 / 75);
    EXPECT_THAT(std::sqrt(early * late), ::testing::AllOf(::testing::Gt(0.94), ::testing::Lt(0.98))) << seed;
    EXPECT_NEAR(early, late, 0.01) << seed;
    EXPECT_LT(at::linalg_vector_norm(task->module().parameters()[1].sum(0)).item<double>(), 1e-10);
    EXPECT_LT(metric_of(*task, "imbalance"), 1e-10);
  }
}

TEST(ComparisonFactorization, WithoutBalanceUtilitiesAreFoundAndFactorsAreNot) {
  auto task = make_comparisons(", balance: 0");
  EXPECT_LT(descend(*task, 1, {1000}, "matrix_error")[0], 1e-10);
  EXPECT_GT(metric_of(*task, "factor_error"), 1e-3);
}

TEST(ComparisonFactorization, TooFewComparisonsDoNotDetermineTheFactors) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 4; ++seed)
    lost += descend(*make_comparisons(", data: {comparisons: 3000}", seed), 1, {1000}, "factor_error")[0] > 0.1;
  EXPECT_GE(lost, 2);
}

/// Four times the recommended step diverges; twice settles above.
TEST(ComparisonFactorization, LargeStepsDoNotConverge) {
  const std::string sparse = ", data: {comparisons: 6000}";
  const double good = descend(*make_comparisons(sparse), 1, {1000}, "factor_error")[0];
  EXPECT_LT(good, 1e-8);
  EXPECT_FALSE(descend(*make_comparisons(sparse), 2, {1000}, "factor_error")[0] < 100 * good);
  EXPECT_FALSE(descend(*make_comparisons(sparse), 4, {1000}, "matrix_error")[0] < 1);
}

TEST(ComparisonFactorization, CoinFlipsLeaveAStatisticalError) {
  auto task = make_comparisons(", data: {comparisons: 75000, labels: binary}");
  EXPECT_NEAR(descend(*task, 1, {150}, "factor_error")[0], 0.195, 0.03);
  EXPECT_GT(metric_of(*task, "accuracy"), 0.67);
  EXPECT_GT(metric_of(*task, "auc"), 0.7);
}

TEST(ComparisonFactorization, IsEvaluatedBesideModelsWithoutComparisonsOrUsers) {
  auto task = make_comparisons(", data: {comparisons: 75000, labels: binary}");
  descend(*task, 1, {150}, "loss");
  EXPECT_LT(metric_of(*task, "loss"), metric_of(*task, "bradley_terry_loss") - 0.05);
  EXPECT_GT(metric_of(*task, "accuracy"), metric_of(*task, "bradley_terry_accuracy") + 0.1);
  EXPECT_GT(metric_of(*task, "accuracy"), metric_of(*task, "popularity_accuracy") + 0.1);
  EXPECT_GT(metric_of(*task, "accuracy"), metric_of(*task, "bpr_accuracy") + 0.02);
  EXPECT_GT(metric_of(*task, "accuracy"), metric_of(*task, "logistic_mf_accuracy") - 0.01);
}

/// Three of four against one: the strengths differ by log 3, less what the prior takes.
TEST(BradleyTerry, IsTheMaximumOfTheLikelihood) {
  const Triplets t{at::zeros({4}, at::kInt),
                   at::tensor({0, 0, 1, 0}, at::kInt),
                   at::tensor({1, 1, 0, 1}, at::kInt),
                   at::ones({4}, at::kDouble),
                   {}};
  const at::Tensor strengths = bradley_terry_strengths(t, 2, 1e-9);
  EXPECT_NEAR((strengths[0] - strengths[1]).item<double>(), std::log(3), 1e-6);
  EXPECT_LT((bradley_terry_strengths(t, 2, 1)[0]).item<double>(), 0.5 * std::log(3));
  EXPECT_NEAR(popularity(t, 2)[0].item<double>(), std::log(4.0 / 2), 1e-15);
}

TEST(ComparisonFactorization, SaysWhatItMadeOfItsComparisons) {
  EXPECT_THAT(make_comparisons("")->uses_of_data(), ::testing::Contains(HasSubstr("Baselines were trained")));
}

class ComparisonFiles : public ::testing::Test {
 protected:
  std::string complaint_about(const std::string& text, const std::string& more = ", rank: 1") {
    const auto path = folder_.path() / "choices.csv";
    std::ofstream(path) << text;
    return talweg::testing::complaint([&] {
      make_comparisons(
          fmt::format(", data: {{type: comparison_csv, path: '{}', evaluation_share: 0.5}}{}", path.string(), more));
    });
  }
  talweg::testing::TemporaryFolder folder_;
};

TEST_F(ComparisonFiles, AreReadWithIdsOfAnyKind) {
  EXPECT_EQ(
      complaint_about("user,winner,loser,label\nann,\"tea, \"\"green\"\"\",coffee,1\r\nbob,\"two\nlines\",coffee,0.5\n"
                      "ann,coffee,\"two\nlines\",0\nbob,7,coffee,1\n"),
      "");
}

TEST_F(ComparisonFiles, AreRefusedWithTheLineThatIsWrong) {
  EXPECT_THAT(complaint_about("a,x,y\nb,\"x\nx\",y\nc,y,y\n"),
              HasSubstr("choices.csv:4: the item 'y' is compared with itself"));
  EXPECT_THAT(complaint_about("a,x,y,1\nb,x,y,1.5\n"), HasSubstr(":2: the label '1.5' is no number from 0 to 1"));
  EXPECT_THAT(complaint_about("a,x,y,nan\n"), HasSubstr("the label 'nan'"));
  EXPECT_THAT(complaint_about("a,x,y\nb,x"), HasSubstr(":2: has 2 fields instead of user, winner, loser"));
  EXPECT_THAT(complaint_about("a,x,y\nb,\"x"), HasSubstr("never closed"));
  EXPECT_THAT(complaint_about("a,,y\n"), HasSubstr("the winner is missing"));
  EXPECT_THAT(complaint_about("user,winner,loser\n"), HasSubstr("holds no comparisons"));
  EXPECT_THAT(complaint_about(""), HasSubstr("holds no comparisons"));
  EXPECT_THAT(complaint_about("a,x,y\n"), HasSubstr("too few to split off"));
  EXPECT_THAT(complaint_about("a,x,y\na,y,x\na,x,y\na,x,y\n", ", rank: 2"),
              HasSubstr("larger than the matrix of 1 users and 2 items"));
  EXPECT_THAT(talweg::testing::complaint([] { make_comparisons(", data: {users: 3, items: 3, rank: 3}"); }),
              HasSubstr("'rank' is at most"));
}

}  // namespace
}  // namespace talweg::tasks
