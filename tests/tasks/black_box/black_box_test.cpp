// The task black_box: values of its problems, noise, variables and bounds, budget and answer, what it refuses.
#include "tasks/black_box/black_box.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "complaint.h"
#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"
#include "core/train/trainer.h"
#include "core/train/training.h"
#include "tasks/black_box/more_wild.h"
#include "tasks/black_box/queue.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

/// f(x0) of the 53 problems as the BenDFO collection states them (data/testout.dat).
constexpr double kValuesAtTheStart[] = {
    7.20000e+01, 1.12500e+03, 1.16542e+07, 1.16859e+09, 4.98920e+06, 5.00936e+08, 2.42000e+01, 1.79577e+06, 2.50000e+03,
    1.06000e+04, 2.15000e+02, 1.61540e+06, 4.00500e+02, 1.54575e+08, 4.16817e+01, 1.30623e+03, 5.31317e-03, 1.69361e+09,
    1.64308e+01, 2.32337e+06, 2.69042e+01, 8.15888e+06, 7.36782e+01, 2.05938e+07, 1.03115e+03, 4.17131e+03, 7.92669e+06,
    3.08106e+11, 4.64282e-02, 3.37706e-02, 3.86177e-02, 2.88830e-02, 3.37633e-02, 2.67406e-02, 2.73248e+02, 1.61741e+01,
    2.09342e+00, 1.99685e+02, 9.04000e+02, 1.35600e+03, 1.58200e+03, 1.80800e+03, 5.65000e+01, 7.05625e+01, 9.86875e+01,
    2.53908e+09, 6.87380e+12, 3.36796e+09, 3.73513e+09, 3.99107e+09, 1.13001e+13, 9.38567e+00, 3.36582e+10};

std::unique_ptr<Oracle> oracle(const std::string& yaml) {
  register_components();
  config::Component<OracleKind> component;
  config::Diagnostics diagnostics;
  component.parse(config::parse_yaml(yaml, "test"), diagnostics, "oracle");
  diagnostics.throw_if_any();
  return component.create();
}

std::vector<double> start_of(const Oracle& oracle) {
  std::vector<double> start;
  for (const OracleVariable& variable : oracle.variables()) start.push_back(variable.start);
  return start;
}

RunConfig run_of(const std::string& task, const std::string& optimizer, const std::string& training = "{}") {
  register_components();
  return config::parse<RunConfig>(config::parse_yaml(
      "name: search\ndevice: cpu\ntask: " + task + "\noptimizer: " + optimizer + "\ntraining: " + training + "\n",
      "run.yaml"));
}

TEST(MoreWildProblems, HaveTheValuesOfTheCollection) {
  const std::vector<MoreWildProblem>& problems = more_wild_problems();
  ASSERT_EQ(problems.size(), 53u);
  for (std::size_t i = 0; i < problems.size(); ++i) {
    SCOPED_TRACE(problems[i].name);
    const std::vector<double> start = tasks::start_of(problems[i]);
    ASSERT_EQ(static_cast<std::int64_t>(start.size()), problems[i].n);
    std::vector<double> f(static_cast<std::size_t>(problems[i].m));
    components(problems[i], start.data(), f.data());
    double sum = 0;
    for (const double component : f) sum += component * component;
    EXPECT_NEAR(sum, kValuesAtTheStart[i], 6e-6 * kValuesAtTheStart[i]);
    EXPECT_LT(problems[i].best, sum);
  }
}

TEST(Oracles, HaveTheirMinimaWhereTheyAreKnown) {
  const auto function79 = oracle("function79");
  const std::vector<double> start = start_of(*function79);
  EXPECT_EQ(*function79->exact(start.data()), 119939072);
  EXPECT_EQ(*function79->exact(std::vector<double>(64, 1.0).data()), 0);
  EXPECT_EQ(*oracle("{type: rosenbrock, dimension: 5}")->exact(std::vector<double>(5, 1.0).data()), 0);
  for (const char* name : {"sphere", "ellipsoid", "sum_of_exponentials"})
    EXPECT_EQ(*oracle(name)->exact(std::vector<double>(10, 0.0).data()), 0) << name;
  const double ones[] = {1, 1};
  EXPECT_DOUBLE_EQ(*oracle("{type: ellipsoid, dimension: 2, condition: 9}")->exact(ones), 5);
}

// With noise on the components the mean of an observation is F + m·σ², and with relative noise (1 + σ²)·F.
TEST(Oracles, ObserveTheMeanThatTheyState) {
  for (const char* yaml :
       {"{type: more_wild, problem: rosenbrock_good_start, noise: {sigma: 0.5}}",
        "{type: more_wild, problem: bard_good_start, noise: {sigma: 0.2, scale: relative, shape: uniform}}",
        "{type: more_wild, noise_on: value, noise: {sigma: 3, shape: laplace}}",
        "{type: sphere, dimension: 4, noise: {sigma: 0.5, scale: state_dependent}}",
        "{type: sphere, dimension: 4, noise: {sigma: 0.5, shape: uniform}}",
        "{type: queue, customers: 20, start: 3}"}) {
    SCOPED_TRACE(yaml);
    const auto observed = oracle(yaml);
    const std::vector<double> start = start_of(*observed);
    constexpr std::size_t kDraws = 200000;
    std::vector<std::uint64_t> seeds(kDraws);
    const RandomStreams streams(4);
    for (std::size_t i = 0; i < kDraws; ++i) seeds[i] = streams.seed_of("draw", i);
    std::vector<double> values(kDraws);
    observed->observe(start.data(), 1, seeds, values.data());
    double mean = 0, square = 0;
    for (const double value : values) mean += value / kDraws;
    for (const double value : values) square += (value - mean) * (value - mean) / kDraws;
    EXPECT_GT(square, 0);
    EXPECT_NEAR(mean, *observed->exact(start.data()), 4.5 * std::sqrt(square / kDraws));
  }
}

TEST(Oracles, DrawNoiseOfTheDeviationThatIsAskedFor) {
  std::vector<std::uint64_t> seeds;
  const RandomStreams streams(9);
  for (std::uint64_t i = 0; i < 200000; ++i) seeds.push_back(streams.seed_of("draw", i));
  for (const NoiseShape shape : {NoiseShape::normal, NoiseShape::uniform, NoiseShape::laplace}) {
    std::vector<double> z(seeds.size());
    standard_noise(shape, seeds.data(), seeds.size(), 1, z.data());
    double square = 0, fourth = 0;
    for (const double number : z) square += number * number / 2e5, fourth += std::pow(number, 4) / 2e5;
    EXPECT_NEAR(square, 1, 0.02);
    const double kurtosis = shape == NoiseShape::normal ? 3 : shape == NoiseShape::uniform ? 1.8 : 6;
    EXPECT_NEAR(fourth, kurtosis, 0.06 * kurtosis);
  }
}

TEST(Queue, HasItsLeastCostWhereTheSlopeIsZero) {
  const QueueOptions options;
  const Queue queue(options);
  const double least = *queue.minimum();
  double best = std::numeric_limits<double>::infinity();
  for (double rate = 1.6; rate < 10; rate += 1e-4) best = std::min(best, *queue.exact(&rate));
  EXPECT_NEAR(least, best, 1e-7);
}

TEST(BlackBox, SpendsItsBudgetAndAnswersWithAnIntervalOfItsOwn) {
  const testing::TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder.path() / "run");
  Trainer trainer(run_of("{type: black_box, oracle: {type: sum_of_exponentials, dimension: 4}, budget: {evaluations: "
                         "20000}, answer: {evaluations: 50}}",
                         "ada_dfo", "{evaluate_every: 1000}"),
                  directory, true);
  const RunOutcome outcome = trainer.run();
  const auto metric = [&](const std::string& name) {
    for (const auto& [key, value] : outcome.metrics)
      if (key == name) return value;
    return std::nan("");
  };
  EXPECT_LE(metric("eval/evaluations"), 20000);
  EXPECT_GT(metric("eval/evaluations"), 10000);
  EXPECT_EQ(metric("eval/answer_evaluations"), 50);
  EXPECT_LT(metric("eval/loss"), 1e-2);
  EXPECT_NEAR(metric("eval/noise"), 0.1, 0.05);
  EXPECT_NEAR(metric("eval/half_width"), 1.96 * metric("eval/noise") / std::sqrt(50), 1e-3);
  EXPECT_NEAR(metric("eval/mean"), metric("eval/loss"), 3 * metric("eval/half_width"));
  const nlohmann::json& answer = outcome.account.at("answer");
  EXPECT_EQ(answer.at("point").at("x4"), metric("eval/x/x4"));
  EXPECT_EQ(answer.at("mean"), metric("eval/mean"));
  EXPECT_DOUBLE_EQ(answer.at("interval")[1].get<double>() - answer.at("interval")[0].get<double>(),
                   2 * metric("eval/half_width"));
  EXPECT_EQ(answer.at("evaluations"),
            (nlohmann::json{{"search", metric("eval/evaluations")}, {"answer", metric("eval/answer_evaluations")}}));
}

TEST(BlackBox, StopsAtItsTargetAndAtStagnation) {
  const auto steps = [](const std::string& budget) {
    const testing::TemporaryFolder folder;
    const RunDirectory directory = RunDirectory::create(folder.path() / "run");
    Trainer trainer(
        run_of("{type: black_box, oracle: {type: sphere, dimension: 2, noise: {sigma: 0.01}}, budget: " + budget + "}",
               "{type: kiefer_wolfowitz, perturbation: 0.1}", "{evaluate_every: 5}"),
        directory, true);
    return trainer.run().steps;
  };
  const std::int64_t all = steps("{evaluations: 4000}");
  EXPECT_EQ(all, 1000) << "four evaluations a step";
  EXPECT_LT(steps("{evaluations: 4000, target: 1e-2}"), all / 2);
  EXPECT_LT(steps("{evaluations: 4000, stagnation: 200}"), all / 2);
}

TEST(BlackBox, CountsWhatItSpendsOfItsBudget) {
  register_components();
  BlackBox box(config::parse<BlackBoxOptions>(
                   config::parse_yaml("{oracle: {type: sphere, dimension: 2}, budget: {evaluations: 40}}", "box.yaml")),
               TaskContext{at::kCPU, at::kDouble, RandomStreams(1)});
  EXPECT_TRUE(box.answer().is_null());
  const std::vector<std::uint64_t> seeds(10, 1);
  box.observe(at::zeros({2, 2}, at::kDouble), seeds, 0);
  EXPECT_EQ(box.counted().done, 10);
  EXPECT_EQ(box.counted().total, 40);
}

// Two losses a probe: of 25 evaluations four steps of six are paid for, and the fifth is not begun.
TEST(BlackBox, KeepsItsBudgetUnderMezo) {
  const testing::TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder.path() / "run");
  Trainer trainer(run_of("{type: black_box, oracle: {type: sphere, dimension: 2}, budget: {evaluations: 25}}",
                         "{type: mezo, learning_rate: 1e-2, probes: 3}"),
                  directory, true);
  const RunOutcome outcome = trainer.run();
  EXPECT_EQ(outcome.account.at("answer").at("evaluations").at("search"), 24);
  EXPECT_THAT(outcome.reason, ::testing::StartsWith("the budget of evaluations is spent"));
  EXPECT_EQ(testing::complaint([&] {
              Training(run_of("{type: black_box, oracle: {type: sphere, dimension: 2}, budget: {evaluations: 5}}",
                              "{type: mezo, probes: 3}"),
                       at::kCPU);
            }),
            "the budget of 5 evaluations does not pay for one step, which takes 6 of 2 variables");
}

TEST(VariableSpace, ScalesBoundsAndRoundsVariables) {
  register_components();
  const auto options =
      config::parse<BlackBoxOptions>(config::parse_yaml("oracle: {type: sphere, dimension: 3}\nvariables: {x1: log "
                                                        "1e-4..1 from 1e-2, x2: integer 1..8 from 3, x3: -5..5}",
                                                        "box.yaml"));
  const VariableSpace space(options.oracle.create()->variables(), options.variables, options.bounds, options.start);
  EXPECT_TRUE(space.has_integers());
  EXPECT_TRUE(at::allclose(space.start(), at::tensor({0.5, 2.0 / 7, 1.0}, at::kDouble)));
  EXPECT_TRUE(at::equal(space.lower(), at::tensor({0.0, 0.0, -5.0}, at::kDouble)));
  EXPECT_TRUE(at::equal(space.upper(), at::tensor({1.0, 1.0, 5.0}, at::kDouble)));
  const double u[] = {0.25, 0.5, 9};
  double x[3];
  space.to_oracle(u, x);
  EXPECT_NEAR(x[0], 1e-3, 1e-15);
  EXPECT_EQ(x[1], 5);  // 4.5, away from zero
  EXPECT_EQ(x[2], 5);
}

/// Values that are no numbers where the first variable is below 0.
class Broken : public Oracle {
 public:
  std::vector<OracleVariable> variables() const override { return {{.name = "rate", .start = -1}}; }
  void observe(const double* points, std::int64_t, std::span<const std::uint64_t> seeds, double* values) override {
    for (std::size_t i = 0; i < seeds.size(); ++i) values[i] = points[0] < 0 ? std::nan("") : points[0];
  }
};
struct BrokenOptions {};
void declare(config::Fields&, BrokenOptions&) {}

TEST(BlackBox, AsksAgainForWhatIsNoNumberAndThenNamesThePoint) {
  register_components();
  config::Registry<OracleKind>::instance().add<BrokenOptions>(
      "broken", "no number below 0", "ours", [](const BrokenOptions&) { return std::make_unique<Broken>(); });
  const auto options = config::parse<BlackBoxOptions>(config::parse_yaml("oracle: broken", "box.yaml"));
  BlackBox box(options, TaskContext{at::kCPU, at::kDouble, RandomStreams(1)});
  const std::uint64_t seed = 1;
  try {
    box.observe(at::full({1, 1}, -1.0, at::kDouble), std::span(&seed, 1), 0);
    FAIL();
  } catch (const TrainingError& error) {
    EXPECT_STREQ(error.what(),
                 "the oracle's value is nan at rate = -1, and stays so when it is asked again; bound the variables "
                 "('task.bounds') so that such points are not met");
  }
  EXPECT_EQ(*box.limits().evaluations_left, 10000 - 3) << "every attempt is counted";
  EXPECT_EQ(box.observe(at::full({1, 1}, 2.0, at::kDouble), std::span(&seed, 1), 0).item<double>(), 2);
}

TEST(BlackBox, RefusesWhatCannotBeSearched) {
  const auto complaint = [](const std::string& task, const std::string& optimizer) {
    return testing::complaint([&] { Training(run_of(task, optimizer), at::kCPU); });
  };
  EXPECT_EQ(complaint("{type: black_box, oracle: {type: sphere, noise: {sigma: 0}}}", "spsa"),
            "run.yaml:3:63: 'sigma' must be above 0, found '0'");
  EXPECT_THAT(complaint("{type: black_box, oracle: {type: more_wild, problem: rosenbrok_good_start}}", "spsa"),
              ::testing::StartsWith("run.yaml:3:60: there is no problem 'rosenbrok_good_start' of Moré and Wild"));
  EXPECT_EQ(complaint("{type: black_box, oracle: sphere, bounds: 5..1}", "spsa"),
            "run.yaml:3:49: 'bounds' takes a range of two numbers, the smaller one first ('-5..5'), found '5..1'");
  EXPECT_EQ(complaint("{type: black_box, oracle: {type: sphere, dimension: 2}, start: [9, 0], bounds: -5..5}", "spsa"),
            "task.start: 'x1' begins at 9, outside its bounds -5..5");
  EXPECT_EQ(complaint("{type: black_box, oracle: sphere, budget: {evaluations: 100}}", "ada_dfo"),
            "the budget of 100 evaluations does not pay for one step, which takes 1100 of 10 variables");
  EXPECT_EQ(complaint("{type: black_box, oracle: sphere}", "spsa\nschedule: cosine"),
            "run.yaml:5:11: the schedule 'cosine' needs the length of the run: give 'training.steps' or "
            "'training.epochs'");
  EXPECT_EQ(complaint("{type: black_box, oracle: sphere}", "spsa\nschedule: {type: constant, warmup: 5%}"),
            "schedule.warmup: a warm-up needs the length of the run: give 'training.steps' or 'training.epochs'");
  EXPECT_THAT(
      complaint("{type: black_box, oracle: sphere}", "adam"),
      ::testing::StartsWith("run.yaml:4:12: the task 'black_box' has no gradient, which 'adam' needs; choose an "
                            "optimizer that needs values alone"));
}

}  // namespace
}  // namespace talweg::tasks
