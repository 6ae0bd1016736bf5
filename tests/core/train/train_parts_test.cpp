#include <gtest/gtest.h>

#include <cmath>

#include "complaint.h"
#include "core/claims/expectation.h"
#include "core/claims/rate_figure.h"
#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/run/best_tracker.h"
#include "core/train/loss_window.h"
#include "core/train/schedule.h"
#include "core/train/weight_average.h"

namespace talweg {
namespace {

std::unique_ptr<Schedule> schedule(const std::string& yaml) {
  register_schedules();
  config::Component<ScheduleKind> component;
  config::Diagnostics diagnostics;
  component.parse(config::parse_yaml(yaml, "test"), diagnostics, "schedule");
  diagnostics.throw_if_any();
  return component.create();
}

TEST(Schedule, FollowsItsFormula) {
  EXPECT_DOUBLE_EQ(schedule("constant")->factor(7, 10), 1);
  EXPECT_DOUBLE_EQ(schedule("linear")->factor(5, 10), 0.5);
  EXPECT_DOUBLE_EQ(schedule("{type: linear, final_factor: 0.1}")->factor(5, 10), 0.55);
  EXPECT_NEAR(schedule("cosine")->factor(5, 20), 0.5 * (1 + std::sqrt(0.5)), 1e-15);
  EXPECT_DOUBLE_EQ(schedule("{type: step, every: 10, factor: 0.5}")->factor(25, 100), 0.25);
  EXPECT_DOUBLE_EQ(schedule("{type: inverse_square_root, scale: 100}")->factor(300, 1000), 0.5);
  const auto wsd = schedule("{type: warmup_stable_decay, decay_fraction: 0.2}");
  EXPECT_DOUBLE_EQ(wsd->factor(79, 100), 1);
  EXPECT_NEAR(wsd->factor(90, 100), 0.5, 1e-12);
}

TEST(Schedule, WarmsUpLinearly) {
  for (const char* type : {"constant", "linear", "cosine", "step", "inverse_square_root", "warmup_stable_decay",
                           "cosine_restarts", "polynomial", "plateau"}) {
    const auto s = schedule(std::string("{type: ") + type + ", warmup: 4}");
    EXPECT_DOUBLE_EQ(s->factor(0, 100), 0.25) << type;
    EXPECT_DOUBLE_EQ(s->factor(3, 100), 1) << type;
    EXPECT_DOUBLE_EQ(s->factor(4, 100), 1) << type << ": the schedule starts after the warm-up";
  }
}

TEST(Schedule, WarmsUpForAShareOfTheRun) {
  const auto s = schedule("{type: linear, warmup: 5%}");
  EXPECT_DOUBLE_EQ(s->factor(0, 200), 0.1);
  EXPECT_DOUBLE_EQ(s->factor(9, 200), 1);
  EXPECT_DOUBLE_EQ(s->factor(105, 200), 0.5);  // 95 of the 190 steps that follow
  for (const char* wrong : {"-1", "101%", "%", "five", "1.5"})
    EXPECT_NE(testing::complaint([&] { schedule(std::string("{type: linear, warmup: ") + wrong + "}"); }), "") << wrong;
}

TEST(Schedule, RestartsItsCosine) {
  const auto s = schedule("{type: cosine_restarts, cycle: 10, growth: 2, peak: 0.5, final_factor: 0.1}");
  EXPECT_DOUBLE_EQ(s->factor(0, 100), 1);
  EXPECT_NEAR(s->factor(5, 100), 0.1 + 0.9 * 0.5, 1e-12);
  EXPECT_DOUBLE_EQ(s->factor(10, 100), 0.5);  // a cycle of 20 steps from half the rate
  EXPECT_NEAR(s->factor(20, 100), 0.1 + 0.4 * 0.5, 1e-12);
  EXPECT_DOUBLE_EQ(s->factor(30, 100), 0.25);
  EXPECT_DOUBLE_EQ(schedule("{type: cosine_restarts, warmup: 20}")->factor(40, 100), 1) << "a quarter of the other 80";
}

TEST(Schedule, FallsLikeAPower) {
  EXPECT_DOUBLE_EQ(schedule("polynomial")->factor(50, 100), 0.25);
  EXPECT_DOUBLE_EQ(schedule("{type: polynomial, power: 0.5, final_factor: 0.2}")->factor(75, 100), 0.2 + 0.8 * 0.5);
}

TEST(Schedule, FollowsAPlateauAndContinues) {
  const std::string options =
      "{type: plateau, metric: eval/accuracy, goal: maximize, patience: 2, factor: 0.5, smallest: 0.3}";
  const auto whole = schedule(options), first = schedule(options), second = schedule(options);
  const auto see = [](Schedule& s, double accuracy) { s.observe({{"eval/loss", 1}, {"eval/accuracy", accuracy}}); };
  for (const double accuracy : {0.5, 0.6, 0.6}) see(*whole, accuracy), see(*first, accuracy);
  EXPECT_DOUBLE_EQ(whole->factor(3, 10), 1);
  second->load(first->state());
  for (Schedule* s : {whole.get(), second.get()}) {
    see(*s, 0.4);  // the second in a row that is no better
    EXPECT_DOUBLE_EQ(s->factor(4, 10), 0.5);
    for (int i = 0; i < 4; ++i) see(*s, std::nan(""));
    EXPECT_DOUBLE_EQ(s->factor(8, 10), 0.3) << "the smallest";
  }
  EXPECT_NE(testing::complaint([&] {
              whole->observe({{"eval/accurac", 1}});
            }).find("schedule.metric"),
            std::string::npos);
  EXPECT_FALSE(whole->is_constant(10));
  EXPECT_TRUE(schedule("constant")->is_constant(10));
  EXPECT_FALSE(schedule("{type: constant, warmup: 3}")->is_constant(10));
  EXPECT_TRUE(schedule("cosine")->state().is_null());
}

TEST(WeightAverage, FollowsItsRecurrenceAndComesBackFromScopes) {
  const at::Tensor theta = at::zeros({2}, at::kDouble);
  WeightAverage average({{"theta", theta}}, 0.9);
  double expected = 0;
  for (int t = 1; t <= 5; ++t) {
    theta.fill_(t);
    average.update();
    expected = 0.9 * expected + 0.1 * t;
  }
  {
    const WeightAverage::Scope scope(&average);
    EXPECT_NEAR(theta[0].item<double>(), expected, 1e-14);
  }
  EXPECT_EQ(theta[0].item<double>(), 5);
  WeightAverage other({{"theta", theta}}, 0.9);
  other.load(average.state());
  EXPECT_TRUE(at::equal(other.state()[0].second, average.state()[0].second));
}

TEST(BestTracker, ImprovesStopsAndContinues) {
  CheckpointOptions options;
  options.best_metric = "eval/accuracy";
  options.best_goal = Goal::maximize;
  BestTracker tracker(options, EarlyStoppingOptions{2, 0.01});
  EXPECT_TRUE(tracker.update(1, {{"eval/accuracy", 0.5}}));
  EXPECT_TRUE(tracker.update(2, {{"eval/accuracy", 0.505}})) << "better, though too little for the patience";
  EXPECT_FALSE(tracker.update(3, {{"eval/accuracy", std::nan("")}}));
  EXPECT_TRUE(tracker.exhausted());
  BestTracker continued(options, EarlyStoppingOptions{2, 0.01});
  continued.load(tracker.state());
  EXPECT_TRUE(continued.exhausted());
  EXPECT_EQ(continued.best()->step, 2);
  EXPECT_THROW(tracker.update(4, {{"eval/loss", 1}}), ConfigError);
}

TEST(LossWindow, AveragesAndNotesTheFirstBadStep) {
  LossWindow window;
  window.add(at::scalar_tensor(1.0), 1);
  window.add(at::scalar_tensor(3.0), 2);
  LossWindow continued;
  continued.load(window.state());
  EXPECT_DOUBLE_EQ(window.take().mean, 2);
  EXPECT_DOUBLE_EQ(continued.take().mean, 2);
  window.add(at::scalar_tensor(std::nan("")), 3);
  window.add(at::scalar_tensor(std::nan("")), 4);
  EXPECT_EQ(window.take().first_non_finite_step, 3);
}

Expectation expectation(const std::string& yaml) {
  return config::parse<Expectation>(config::parse_yaml(yaml, "x.yaml"));
}

TEST(Expectation, ComparesTheRightValue) {
  const std::vector<metrics::Record> records = {
      {0, 0, 0, {{"loss", 4}}}, {10, 0, 0, {{"loss", 1}}}, {20, 0, 0, {{"loss", 2}}}};
  EXPECT_TRUE(judge(expectation("{metric: loss, value: 2.05, tolerance: 3%}"), records).met);
  EXPECT_FALSE(judge(expectation("{metric: loss, value: 2.05, tolerance: 0.01}"), records).met);
  EXPECT_EQ(judge(expectation("{metric: loss, at: min, at_most: 1}"), records).got, 1.0);
  EXPECT_EQ(judge(expectation("{metric: loss, at: max, at_least: 4}"), records).got, 4.0);
  EXPECT_EQ(judge(expectation("{metric: loss, at: 10, value: 1}"), records).got, 1.0);
  EXPECT_FALSE(judge(expectation("{metric: other, value: 1}"), records).met) << "a metric that was not measured";
  EXPECT_FALSE(judge(expectation("{metric: loss, at: 11, value: 1}"), records).met);
}

TEST(Expectation, IsAboutARangeOfSteps) {
  const std::vector<metrics::Record> records = {
      {0, 0, 0, {{"loss", 4}}}, {10, 0, 0, {{"loss", 1}}}, {20, 0, 0, {{"loss", 2}}}, {30, 0, 0, {{"loss", 0}}}};
  EXPECT_EQ(judge(expectation("{metric: loss, at: {mean: [10, 20]}, value: 1}"), records).got, 1.5);
  EXPECT_EQ(judge(expectation("{metric: loss, at: {max: [10, 30]}, value: 1}"), records).got, 2.0);
  EXPECT_EQ(judge(expectation("{metric: loss, at: {min: [0, 20]}, value: 1}"), records).got, 1.0);
  EXPECT_EQ(judge(expectation("{metric: loss, at: mean, value: 1}"), records).got, 1.75);
  EXPECT_FALSE(judge(expectation("{metric: loss, at: {mean: [40, 50]}, value: 1}"), records).met) << "nothing there";
  EXPECT_EQ(expectation("{metric: loss, at: {mean: [10, 20]}, value: 1}").at.text(), "mean of 10 to 20");
  for (const char* wrong : {"{mean: [20, 10]}", "{median: [1, 2]}", "{mean: 3}", "-1", "last"})
    EXPECT_THROW(expectation(std::string("{metric: loss, value: 1, at: ") + wrong + "}"), ConfigError) << wrong;
}

TEST(Expectation, NamesTheWrongChangeByWhichItFails) {
  const Expectation e = expectation("{metric: loss, at_most: 1, turns: {optimizer.clip_norm: 1e-6, seed: 4}}");
  EXPECT_EQ(e.turns.assignments, (std::vector<std::string>{"optimizer.clip_norm=1e-6", "seed=4"}));
  EXPECT_THROW(expectation("{metric: loss, at_most: 1, turns: [seed]}"), ConfigError);
}

TEST(Expectation, ShowsTheDigitsThatDecide) {
  const std::vector<metrics::Record> records = {{1, 0, 0, {{"loss", 0.29998302927211}}}};
  const Verdict near = judge(expectation("{metric: loss, value: 0.2999830292711, tolerance: 1e-11}"), records);
  EXPECT_EQ(near.expected, "0.299983029271 ± 1e-11");
  EXPECT_EQ(near.got_text, "0.299983029272");
  EXPECT_EQ(judge(expectation("{metric: loss, at_most: 1}"), records).got_text, "0.299983");
  EXPECT_EQ(judge(expectation("{metric: accuracy, at_most: 1}"), records).got_text, "not measured");
}

TEST(Expectation, TakesTheMedianOfRuns) {
  const auto run = [](double value) { return std::vector<metrics::Record>{{1, 0, 0, {{"loss", value}}}}; };
  EXPECT_EQ(judge_median(expectation("{metric: loss, at_most: 3}"), {run(100), run(2), run(3)}).got, 3.0);
  EXPECT_FALSE(judge_median(expectation("{metric: loss, at_most: 3}"), {run(1), {}}).met);
}

TEST(Expectation, ComparesWholeCurvesWithRates) {
  std::vector<metrics::Record> linear, sublinear;
  for (int t = 0; t <= 20; ++t) {
    linear.push_back({t, 0, 0, {{"loss", 0.25 + 2 * std::pow(0.5, t)}}});
    if (t > 0) sublinear.push_back({t, 0, 0, {{"loss", 3.0 / t}}});
  }
  const auto verdict = [&](const std::string& yaml, const auto& records) {
    return judge(expectation("{metric: loss, " + yaml + "}"), records);
  };
  EXPECT_TRUE(verdict("below: {coefficient: 2.1, factor: 0.5, offset: 0.25}", linear).met);
  EXPECT_NEAR(*verdict("below: {coefficient: 1, factor: 0.5, offset: 0.25}", linear).got, 2, 1e-9);
  EXPECT_FALSE(verdict("below: {coefficient: 1, factor: 0.5, offset: 0.25}", linear).met);
  EXPECT_FALSE(verdict("below: {coefficient: 2, factor: 0.4, offset: 0.25}", linear).met);
  EXPECT_TRUE(verdict("below: {coefficient: 2.01, factor: 0.45, offset: 0.25, from: 0, to: 0}", linear).met);
  EXPECT_TRUE(verdict("above: {coefficient: 2.9, exponent: -1}", sublinear).met);
  EXPECT_TRUE(verdict("below: {coefficient: 3.1, exponent: -1}", sublinear).met);
  EXPECT_FALSE(verdict("above: {coefficient: 3.1, exponent: -1, from: 15}", sublinear).met);
  EXPECT_FALSE(verdict("above: {coefficient: 1}", std::vector<metrics::Record>()).met) << "nothing was measured";
  sublinear[5].values[0].second = std::nan("");
  EXPECT_FALSE(verdict("below: {coefficient: 3.1, exponent: -1}", sublinear).met);

  const std::vector<plot::Figure> figures = make_rate_figures(
      {expectation("{metric: loss, below: {coefficient: 4, exponent: -1}}"),
       expectation("{metric: loss, above: {coefficient: 2, exponent: -1}}"), expectation("{metric: loss, at_most: 1}")},
      sublinear);
  ASSERT_EQ(figures.size(), 1u);
  EXPECT_EQ(figures[0].series.size(), 3u) << "the curve and two rates";
  EXPECT_TRUE(figures[0].x_log && figures[0].y_log);
  EXPECT_NEAR(figures[0].series[1].y.front(), 4, 1e-12);
  EXPECT_NEAR(figures[0].series[1].y.back(), 4.0 / 20, 1e-12);
}

TEST(Expectation, ChecksItself) {
  for (const char* text :
       {"{metric: x}", "{value: 1}", "{metric: x, value: 1, tolerance: much}", "{metric: x, value: 1, at: never}",
        "{metric: x, value: 1, below: {}}", "{metric: x, below: {factor: -1}}", "{metric: x, above: {from: 5, to: 4}}",
        "{metric: x, below: {exponent: -1, from: 0}}", "{metric: x, value: 1, tolerance: -3%}"})
    EXPECT_THROW(expectation(text), ConfigError) << text;
}

}  // namespace
}  // namespace talweg
