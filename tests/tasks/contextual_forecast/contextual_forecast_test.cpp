#include "tasks/contextual_forecast/contextual_forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <numbers>

#include "complaint.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"
#include "models/quantum/ansatz.h"
#include "tasks/contextual_forecast/predictors.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

namespace quantum = models::quantum;
using talweg::testing::complaint;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::unique_ptr<ContextualForecast> make_forecast(const std::string& options, std::uint64_t seed = 1) {
  register_components();
  config::Component<TaskKind> component;
  config::Diagnostics diagnostics;
  component.parse(config::parse_yaml("type: contextual_forecast\nlstm: {width: 2, steps: 2}\n" + options, "f.yaml"),
                  diagnostics, "task");
  diagnostics.throw_if_any();
  std::unique_ptr<Task> task = component.create({at::kCPU, at::kDouble, RandomStreams(seed)});
  return std::unique_ptr<ContextualForecast>(dynamic_cast<ContextualForecast*>(task.release()));
}

/// The sentence about a mistake in the configuration or in its data.
std::string mistake(const std::string& options) {
  return complaint([&] { make_forecast(options); });
}

double value_of(ContextualForecast& task, const std::string& wanted) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, value] : task.evaluate())
    if (name == wanted) return value;
  ADD_FAILURE() << "no metric " << wanted;
  return std::nan("");
}

data::Batch batch_of(const std::vector<std::int64_t>& assets) {
  return {{at::tensor(assets, at::kLong)}, static_cast<std::int64_t>(assets.size())};
}

/// Markov bits of four: first up with probability 1/2, then repeated with probability 0.6.
std::string markov_distribution() {
  std::string text;
  for (int i = 0; i < 16; ++i) {
    double p = 0.5;
    for (int k = 3; k > 0; --k) p *= (i >> k & 1) == (i >> (k - 1) & 1) ? 0.6 : 0.4;
    text += fmt::format("{}{:.17g}", i > 0 ? ", " : "", p);
  }
  return "data: {type: distribution, joint: [" + text + "]}\n";
}

void set_to_ramp(ContextualForecast& task) {
  const torch::NoGradGuard no_grad;
  for (at::Tensor& parameter : task.module().parameters())
    parameter.copy_(at::arange(1, parameter.numel() + 1, at::kDouble).view_as(parameter) * 0.1);
}

TEST(ContextualForecast, FidelitiesOfTheGoldenVectorAreBothReported) {
  auto task = make_forecast(markov_distribution());
  set_to_ramp(*task);
  EXPECT_NEAR(value_of(*task, "fidelity"), 0.044667034325, 1e-10);
  EXPECT_NEAR(value_of(*task, "context_fidelity"), 0.108737544571, 1e-10);
  EXPECT_NEAR(value_of(*task, "kl"), 0.48130672, 1e-7);
  EXPECT_NEAR(task->loss(batch_of({0})).item<double>(), 0.955332965675, 1e-10);
  auto incoherent = make_forecast(markov_distribution() + "batch_mode: incoherent\n");
  set_to_ramp(*incoherent);
  EXPECT_NEAR(incoherent->loss(batch_of({0})).item<double>(), 1 - 0.108737544571, 1e-10);
}

TEST(ContextualForecast, SmoothedWalksHaveTheKnownDistribution) {
  auto task = make_forecast("data: {type: random_walk, length: 1000000}\ntraining_share: 0.9\n", 3);
  const at::Tensor joint = task->data().joint()[0].flatten();
  const double known[] = {.26349, .06032, .01921, .05463, .01919, .00942, .01355, .06027};
  for (int i = 0; i < 8; ++i) {
    EXPECT_NEAR(joint[i].item<double>(), known[i], 0.002) << i;
    EXPECT_NEAR(joint[15 - i].item<double>(), known[i], 0.002) << i;
  }
  const at::Tensor by_place = joint.view({2, 2, 4}).sum(2);
  EXPECT_NEAR((by_place[0][0] + by_place[1][1]).item<double>(), 0.5 + std::asin(0.8) / std::numbers::pi, 0.002);
}

TEST(ContextualForecast, WalksWithACommonFactorAreCorrelated) {
  register_components();
  config::Component<MoveSourceKind> component;
  config::Diagnostics diagnostics;
  component.parse(config::parse_yaml("{type: random_walk, assets: 2, length: 100000, correlation: 0.6}", "test"),
                  diagnostics, "data");
  const MoveData moves = component.create(RandomStreams(1));
  const auto& values = std::get<PriceSeries>(moves.content).values;
  const at::Tensor walks = at::stack({at::tensor(values[0], at::kDouble), at::tensor(values[1], at::kDouble)});
  EXPECT_NEAR(at::corrcoef(walks.diff()).index({0, 1}).item<double>(), 0.6, 0.01);
}

TEST(ContextualForecast, ShiftGradientsEqualTheAdjointAndEstimateItFromShots) {
  const std::string data = "data: {type: random_walk, length: 3000, assets: 2}\nbatch_mode: incoherent\n";
  const auto gradient = [&](const std::string& how) {
    auto task = make_forecast(data + how);
    task->loss(batch_of({0, 1})).backward();
    return at::cat({task->module().named_parameters()["shared"].grad().flatten(),
                    task->module().named_parameters()["specific"].grad().flatten()});
  };
  const at::Tensor exact = gradient("");
  EXPECT_LT((gradient("gradient: shift\n") - exact).abs().max().item<double>(), 1e-12);
  EXPECT_LT((gradient("gradient: two_terms\n") - exact).abs().max().item<double>(), 1e-12);
  torch::manual_seed(7);
  const at::Tensor noisy = gradient("gradient: shift\nshots: 100000\n"), error = (noisy - exact).abs();
  EXPECT_LT(error.max().item<double>(), 0.02);
  EXPECT_GT(error.max().item<double>(), 1e-6) << "shots are noisy";
}

TEST(ContextualForecast, TwoTermsAreRefusedForMultiplexedRotations) {
  auto task = make_forecast(markov_distribution() + "circuit: context_preserving\ngradient: two_terms\n");
  EXPECT_THAT(complaint([&] { task->loss(batch_of({0})).backward(); }), HasSubstr("ry"));
  auto right = make_forecast(markov_distribution() + "circuit: context_preserving\ngradient: shift\n");
  auto adjoint = make_forecast(markov_distribution() + "circuit: context_preserving\n");
  for (auto* each : {&right, &adjoint}) (*each)->loss(batch_of({0})).backward();
  EXPECT_TRUE(at::allclose(right->module().parameters()[0].grad(), adjoint->module().parameters()[0].grad(), 0, 1e-12));
}

TEST(ContextualForecast, AnAssetsStepLeavesTheAnglesOfOthersAlone) {
  const std::string two = "data: {type: random_walk, length: 2000, assets: 2, correlation: 1}\n";
  auto task = make_forecast(two);
  task->loss(batch_of({0})).backward();
  const at::Tensor gradient = task->module().named_parameters()["specific"].grad();
  EXPECT_GT(gradient[0].abs().max().item<double>(), 1e-3);
  EXPECT_TRUE(at::equal(gradient[1], at::zeros_like(gradient[1])));
  {
    const torch::NoGradGuard no_grad;
    task->module().named_parameters()["specific"][1].copy_(task->module().named_parameters()["specific"][0]);
  }
  const at::Tensor q = task->joint_distribution();
  EXPECT_TRUE(at::equal(q[0], q[1])) << "equal targets and angles";
}

TEST(ContextualForecast, AssetsTakeTurns) {
  const std::string three = "data: {type: random_walk, length: 500, assets: 3}\n";
  auto sequential = make_forecast(three + "schedule: sequential\nsteps_per_asset: 2\n");
  auto robin = make_forecast(three + "schedule: round_robin\n");
  auto joint = make_forecast(three);
  std::vector<std::int64_t> a, b;
  for (int step = 0; step < 7; ++step) {
    a.push_back(sequential->assets_of_step(step)[0]);
    b.push_back(robin->assets_of_step(step)[0]);
  }
  EXPECT_THAT(a, ::testing::ElementsAre(0, 0, 1, 1, 2, 2, 0));
  EXPECT_THAT(b, ::testing::ElementsAre(0, 1, 2, 0, 1, 2, 0));
  EXPECT_THAT(joint->assets_of_step(5), ::testing::ElementsAre(0, 1, 2));
}

TEST(ContextualForecast, APortfolioIsTheCircuitWithItsLabelQubit) {
  const std::string options =
      "data: {type: random_walk, length: 2000, assets: 2}\ncircuit: {type: ring, shared_layers: 1, specific_layers: "
      "1}\n";
  auto task = make_forecast(options + "schedule: portfolio\nportfolio: [3, 1]\n");
  // The label is qubit 0; specific layers act where it has their value.
  quantum::Circuit whole(5);
  whole.append(quantum::ring_ansatz(4, 1, "shared"), 1);
  for (int k = 0; k < 2; ++k) whole.append(quantum::ring_ansatz(4, 1, "specific" + std::to_string(k)), 1, {0}, {k});
  const at::Tensor p = task->data().joint();
  at::Tensor in = at::zeros({2, 8, 2}, at::kDouble);
  in.select(2, 0).copy_(p.sum(2).sqrt());
  const at::Tensor w = at::tensor({0.75, 0.25}, at::kDouble).sqrt().view({2, 1, 1});
  const auto named = task->module().named_parameters();
  const at::Tensor angles = at::cat({named["shared"].flatten(), named["specific"].flatten()});
  const at::Tensor out = quantum::Simulator(whole)(angles.detach(), (w * in).flatten().to(at::kComplexDouble));
  const double f = quantum::fidelity((w * p.sqrt()).view({1, 32}).to(at::kComplexDouble), out).item<double>();
  EXPECT_NEAR(task->loss(batch_of({0})).item<double>(), 1 - f, 1e-12);
  auto eight = make_forecast("data: {type: random_walk, length: 500, assets: 8}\nschedule: portfolio\n");
  EXPECT_THAT(eight->announcement(), AllOf(HasSubstr("4 qubits"), HasSubstr("label of 3 qubit"), HasSubstr("16 shared"),
                                           HasSubstr("144 in all")));
}

TEST(ContextualForecast, ShotsAreAFunctionOfTheirSeedAndUnbiased) {
  auto task = make_forecast(markov_distribution() + "shots: 10000\n");
  const at::Tensor point = (at::arange(1, 33, at::kDouble) * 0.1).unsqueeze(0);
  std::vector<std::uint64_t> seeds(400);
  for (std::size_t i = 0; i < seeds.size(); ++i) seeds[i] = RandomStreams(5).seed_of("draw", i);
  const at::Tensor values = task->observe(point, seeds, 0);
  EXPECT_TRUE(at::equal(task->observe(point, seeds, 3), values));
  const double f = 0.044667034325, deviation = std::sqrt((1 - f * f) / 10000);
  EXPECT_NEAR(values.mean().item<double>(), 1 - f, 4 * deviation / 20);
  EXPECT_NEAR(values.std().item<double>(), deviation, 0.15 * deviation);
}

TEST(ContextualForecast, TheTrainedLoaderLoadsContexts) {
  auto task = make_forecast("data: {type: random_walk, length: 100000}\ntrained_loader: {layers: 4, steps: 600}\n");
  EXPECT_LT(value_of(*task, "loader_error"), 1e-4);
  auto exact = make_forecast("data: {type: random_walk, length: 100000}\n");
  EXPECT_NEAR(value_of(*task, "fidelity"), value_of(*exact, "fidelity"), 0.05);
}

TEST(ContextualForecast, AnglesOfAssetsThatWaitAreAsTheyWere) {
  auto task = make_forecast("data: {type: random_walk, length: 500, assets: 2}\nschedule: round_robin\n");
  const at::Tensor specific = task->module().named_parameters()["specific"], before = specific.detach().clone();
  for (int step = 0; step < 2; ++step) {
    const torch::NoGradGuard no_grad;
    specific.add_(1 + step);
    task->project();
    EXPECT_TRUE(at::allclose(specific[0], before[0] + 1)) << "the first asset's turn was the first step";
    EXPECT_TRUE(at::allclose(specific[1], before[1] + (step == 0 ? 0 : 2)));
  }
}

TEST(ContextualForecast, PredictionsOfPredictionsFollowTheTableWhereContextsAreKept) {
  auto task = make_forecast("data: {type: random_walk, length: 50000}\ncircuit: context_preserving\npredictions: 3\n");
  const at::Tensor p = task->data().joint()[0], table = conditioned(p);
  std::vector<double> up;
  for (int x = 0; x < 8; ++x) up.push_back(table[x][1].item<double>());
  {
    const torch::NoGradGuard no_grad;
    task->module().parameters()[0].copy_(at::tensor(quantum::context_preserving_angles(up), at::kDouble).view({1, 8}));
  }
  EXPECT_NEAR(value_of(*task, "fidelity"), 1, 1e-12);
  EXPECT_NEAR(value_of(*task, "context_fidelity"), 1, 1e-12);
  const at::Tensor made = task->sequence_distribution(3)[0].flatten();
  for (int i = 0; i < 64; ++i) {
    double expected = p.sum(1)[i >> 3].item<double>();
    for (int t = 2; t >= 0; --t) expected *= table[i >> (t + 1) & 7][i >> t & 1].item<double>();
    EXPECT_NEAR(made[i].item<double>(), expected, 1e-12) << i;
  }
  EXPECT_NEAR(value_of(*task, "sequence_kl"), value_of(*task, "table_sequence_kl"), 1e-5)
      << "half an observation apart";
}

TEST(ContextualForecast, NoiseMovesTheDistributionTowardsTheUniformOne) {
  const std::string data = "data: {type: random_walk, length: 5000}\n";
  EXPECT_NEAR(value_of(*make_forecast(data + "noise: {}\n"), "noise_kl"), 0, 1e-12);
  auto weak = make_forecast(data + "noise: {depolarizing: 0.01}\n"),
       strong = make_forecast(data + "noise: {depolarizing: 0.75}\n");
  EXPECT_GT(value_of(*weak, "noise_kl"), 1e-4);
  EXPECT_LT(value_of(*weak, "noise_kl"), value_of(*strong, "noise_kl"));
  EXPECT_TRUE(at::allclose(strong->noisy_distribution({0.75, 0}), at::full({1, 8, 2}, 1.0 / 16, at::kDouble)));
  EXPECT_TRUE(at::allclose(weak->noisy_distribution({0, 0.5}), at::full({1, 8, 2}, 1.0 / 16, at::kDouble)));
  EXPECT_THAT(mistake("context: 12\nnoise: {}\n"), HasSubstr("at most 10 qubits"));
  EXPECT_THAT(mistake("predictions: 25\n"), AllOf(StartsWith("f.yaml:3:14: "), HasSubstr("28 qubits")));
}

TEST(ContextualForecast, MistakesAreToldWhereTheyStand) {
  EXPECT_THAT(mistake("context: 34\n"), AllOf(StartsWith("f.yaml:3:10: "), HasSubstr("35 qubits"), HasSubstr("GB")));
  EXPECT_THAT(mistake("context: 40\nhorizon: 2\n"), AllOf(StartsWith("f.yaml:3:10: "), HasSubstr("42 qubits")));
  EXPECT_THAT(mistake("context: 9\ndata: {type: random_walk, length: 30}\n"),
              AllOf(StartsWith("f.yaml:3:10: "), HasSubstr("longer than the data")));
  EXPECT_THAT(mistake("data: {type: distribution, joint: [0.5, 0.4]}\ncontext: 1\n"),
              AllOf(StartsWith("f.yaml:3:35: "), HasSubstr("sum to 0.9")));
  EXPECT_THAT(mistake("data: {type: distribution, joint: [1.5, -0.5]}\n"), HasSubstr("is not negative"));
  EXPECT_THAT(mistake("data: {type: distribution, joint: [0.5, 0.5]}\ncontext: 3\n"),
              HasSubstr("16 joint probabilities"));
  EXPECT_THAT(mistake("shots: 0\n"), AllOf(StartsWith("f.yaml:3:8: "), HasSubstr("at least 1")));
  EXPECT_THAT(mistake("symbols: {levels: 3}\n"), AllOf(StartsWith("f.yaml:3:19: "), HasSubstr("power of two")));
  EXPECT_THAT(mistake("symbols: {levels: 4}\n"), HasSubstr("rule: quantile"));
  EXPECT_THAT(mistake("schedule: portfolio\nbatch_mode: incoherent\n"), StartsWith("f.yaml:4:13: "));
  EXPECT_THAT(mistake("schedule: portfolio\ngradient: shift\n"), StartsWith("f.yaml:4:11: "));
  EXPECT_THAT(mistake("portfolio: [1]\n"), StartsWith("f.yaml:3:12: "));
  EXPECT_THAT(mistake("schedule: portfolio\nportfolio: [1, 2]\n"), HasSubstr("2 values for 1 assets"));
  EXPECT_THAT(mistake("circuit: {type: ring, shared_layers: 0}\n"), HasSubstr("nothing to train"));
  EXPECT_THAT(mistake("circuit: context_preserving\nhorizon: 2\n"), HasSubstr("one qubit of the outcome"));
}

class PriceFiles : public ::testing::Test {
 protected:
  std::string write(const std::string& text) {
    const std::string path = (folder_.path() / "prices.csv").string();
    std::ofstream(path) << text;
    return path;
  }
  std::string options(const std::string& more = "") {
    return "data: {type: price_csv, path: '" + (folder_.path() / "prices.csv").string() + "'" + more +
           "}\nsymbols: {smoothing: 1}\ncontext: 1\n";
  }
  talweg::testing::TemporaryFolder folder_;
};

TEST_F(PriceFiles, BecomeSymbolsByDay) {
  write(
      "Date,AAA,BBB\n2020-01-01,1,5\n2020-01-02,2,\n2020-01-03,1,4\n2020-01-06,3,6\n2020-01-07,4,5\n2020-01-08,5,7\n"
      "2020-01-09,4,8\n2020-01-10,6,9\n2020-01-13,7,8\n");
  // Without the day that BBB lacks AAA is 1 1 3 4 5 4 6 7: changes − + + + − + +, of which five are for training.
  auto dropped = make_forecast(options(", tickers: [AAA, BBB]") + "training_share: 0.72\n");
  EXPECT_TRUE(at::equal(dropped->data().training[0], at::tensor({0.0, 1.0, 1.0, 2.0}, at::kDouble).view({2, 2})))
      << dropped->data().training[0];
  EXPECT_EQ(dropped->data().latest_day, "2020-01-13");
  EXPECT_EQ(dropped->data().latest_context, (std::vector<std::int64_t>{1, 0}));
  auto alone = make_forecast(options(", tickers: AAA"));
  EXPECT_EQ(alone->data().training.sum().item<double>(), 5) << "eight changes, six for training";
  auto carried = make_forecast(options(", missing: carry"));
  EXPECT_EQ(carried->data().training.sum().item<double>(), 10);
}

TEST_F(PriceFiles, MistakesNameTickerLineAndPlace) {
  write("Date,AAPL,MSFT\n2020-01-01,1,5\n2020-01-02,2,6\n2020-01-03,1,4\n2020-01-06,1,4\n");
  EXPECT_THAT(mistake(options(", tickers: [MSFT, APL]")),
              AllOf(StartsWith("f.yaml:3:"), HasSubstr("no ticker 'APL'"), HasSubstr("did you mean 'AAPL'?")));
  EXPECT_THAT(mistake(options(", tickers: [MSFT, MSFT]")), HasSubstr("named twice"));
  EXPECT_THAT(mistake(options(", from: '2030'")), HasSubstr("no day between"));
  write("Date,A\n2020-01-01,3\n2020-01-02,3\n2020-01-03,3\n2020-01-06,3\n2020-01-07,3\n2020-01-08,3\n");
  EXPECT_THAT(mistake(options()), HasSubstr("the prices of 'A' never change"));
  write("Date,A\n2020-01-02,3\n2020-01-01,4\n");
  EXPECT_THAT(mistake(options()), AllOf(HasSubstr("prices.csv:3:"), HasSubstr("days ascend")));
  write("Date,A\n2020-01-02,3\n2020-01-03,x\n");
  EXPECT_THAT(mistake(options()), AllOf(HasSubstr("prices.csv:3:"), HasSubstr("no price above zero")));
  write("Date,A\n2020-01-02,3,4\n");
  EXPECT_THAT(mistake(options()), AllOf(HasSubstr("prices.csv:2:"), HasSubstr("3 fields")));
  write("Date,A\nyesterday,3\n");
  EXPECT_THAT(mistake(options()), HasSubstr("no day written as"));
}

TEST_F(PriceFiles, SymbolsOfOthersAreRead) {
  const std::string path = write("a,b\n0,3\n1,2\n2,1\n3,0\n0,3\n1,2\n2,1\n3,0\n0,3\n1,2\n");
  const std::string options = "data: {type: symbol_csv, path: '" + path + "', columns: b}\ncontext: 1\n";
  auto task = make_forecast(options + "symbols: {levels: 4, rule: quantile}\n");
  EXPECT_EQ(task->data().training[0][3][2].item<double>(), 2);
  EXPECT_EQ(task->data().training.sum().item<double>(), 7);
  EXPECT_THAT(mistake(options), HasSubstr("knows 0 to 1"));
}

TEST(Symbols, QuantilesAreThoseOfTraining) {
  const std::vector<double> changes = {-3, -1, 1, 3, -3, -1, 1, 3, 100, 200};
  EXPECT_THAT(symbols_of(changes, 8, {4, SymbolRule::quantile, 1}),
              ::testing::ElementsAre(0, 1, 2, 3, 0, 1, 2, 3, 3, 3));
}

TEST(Predictors, KnowTheirOwnKindOfData) {
  const WindowShape shape{2, 3, 1};
  // 60 % of bits repeat the one before: all predictors but the frequencies can say so.
  at::Tensor counts = at::empty({8, 2}, at::kDouble);
  for (int x = 0; x < 8; ++x)
    for (int y = 0; y < 2; ++y) {
      double p = 0.5;
      for (int k = 2; k > 0; --k) p *= (x >> k & 1) == (x >> (k - 1) & 1) ? 0.6 : 0.4;
      counts[x][y] = 1e7 * p * ((x & 1) == y ? 0.6 : 0.4);
    }
  const at::Tensor truth = conditioned(counts);
  EXPECT_TRUE(at::allclose(count_table(counts), truth, 0, 1e-6));
  EXPECT_TRUE(at::allclose(markov_chain(counts, shape), truth, 0, 1e-6));
  EXPECT_TRUE(at::allclose(logistic_regression(counts, shape), truth, 0, 1e-5));
  EXPECT_TRUE(at::allclose(lstm(counts, shape, 8, 300, 1), truth, 0, 0.02));
  const double entropy = -0.6 * std::log(0.6) - 0.4 * std::log(0.4);
  EXPECT_NEAR(log_loss(counts, truth).item<double>(), entropy, 1e-9);
  EXPECT_NEAR(conditional_divergence(counts / counts.sum(), at::full({8, 2}, 0.5, at::kDouble)).item<double>(),
              std::log(2.0) - entropy, 1e-9);
  // Two symbols of outcome: the chain goes on.
  at::Tensor longer = at::empty({2, 4}, at::kDouble);
  for (int i = 0; i < 8; ++i)
    longer[i >> 2][i & 3] = ((i >> 2 & 1) == (i >> 1 & 1) ? 0.6 : 0.4) * ((i >> 1 & 1) == (i & 1) ? 0.6 : 0.4);
  EXPECT_TRUE(at::allclose(markov_chain(1e7 * longer, {2, 1, 2}), longer, 0, 1e-6));
}

}  // namespace
}  // namespace talweg::tasks
