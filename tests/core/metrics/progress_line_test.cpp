#include "core/metrics/progress_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/io/utf8.h"

namespace talweg::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Progress halfway() {
  Progress progress;
  progress.step = 500;
  progress.total_steps = 1000;
  progress.epoch = 2.5;
  progress.loss = 0.123456;
  progress.evaluation = {{"eval/accuracy", 0.9812}, {"eval/loss", 0.0651}};
  progress.steps_per_second = 1234;
  progress.examples_per_second = 78976;
  progress.elapsed_seconds = 65;
  progress.remaining_seconds = 64.9;
  return progress;
}

TEST(ProgressLine, AWideTerminalShowsEverything) {
  EXPECT_EQ(bar_line(halfway(), {180, true, false}),
            " 50% ━━━━━━━━━━━━━━━━━━━━──────────────────── 500/1000 · epoch 2.50 · loss 0.1235"
            " · accuracy 0.9812 · eval/loss 0.0651 · 1.23k steps/s · 79k examples/s · 1:05"
            " · ETA 1:04");
}

TEST(ProgressLine, TokensAndMemoryWhereTheyMakeSense) {
  Progress progress = halfway();
  progress.tokens_per_second = 2.5e6;
  progress.memory_bytes = 3.2e9;
  const std::string line = bar_line(progress, {180, true, false});
  EXPECT_THAT(line, HasSubstr("2.5M tokens/s · 3.2GB"));
  EXPECT_THAT(line, Not(HasSubstr("examples/s")));
}

TEST(ProgressLine, EvaluationsOfABudgetInPlaceOfSteps) {
  Progress progress = halfway();
  progress.total_steps = 1000000000000;
  progress.counted = Counted{10800, 20000, "evaluations"};
  progress.has_epochs = false;
  progress.loss = std::nan("");
  EXPECT_THAT(plain_line(progress), StartsWith(" 54%  10.8k/20k evaluations  accuracy 0.9812"));
  EXPECT_THAT(bar_line(progress, {120, true, false}), Not(HasSubstr("nan")));
}

TEST(ProgressLine, AnAsciiTerminalGetsOnlyAscii) {
  const std::string line = bar_line(halfway(), {180, false, false});
  EXPECT_THAT(line, StartsWith(" 50% [###################...................] 500/1000 | epoch"));
  for (char c : line) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
}

TEST(ProgressLine, NeverWiderThanTheTerminal) {
  for (int columns = 20; columns < 200; ++columns) {
    for (bool utf8 : {true, false}) {
      for (int64_t total : {int64_t{0}, int64_t{1000}, int64_t{1000000000000}}) {
        Progress progress = halfway();
        progress.total_steps = total;
        const std::string line = bar_line(progress, {columns, utf8, false});
        EXPECT_LE(io::count_code_points(line), static_cast<size_t>(columns)) << line;
      }
    }
  }
}

TEST(ProgressLine, ANarrowTerminalKeepsWhatMattersMost) {
  const std::string line = bar_line(halfway(), {60, true, false});
  EXPECT_THAT(line, HasSubstr("loss 0.1235"));
  EXPECT_THAT(line, HasSubstr("accuracy 0.9812"));
  EXPECT_THAT(line, Not(HasSubstr("examples/s")));
}

TEST(ProgressLine, WithoutAnEndThereIsNoBar) {
  Progress progress = halfway();
  progress.total_steps = 0;
  EXPECT_THAT(bar_line(progress, {100, true, false}), StartsWith("step 500 · epoch"));
}

TEST(ProgressLine, ColoursAreSwitchedOffAgain) {
  const std::string line = bar_line(halfway(), {100, true, true});
  EXPECT_GT(line.rfind("\x1b[0m"), line.rfind("\x1b[90m"));
}

TEST(ProgressLine, ALogLineHasNoControlCharacters) {
  EXPECT_EQ(plain_line(halfway()),
            " 50%  500/1000  epoch 2.50  loss 0.1235  accuracy 0.9812  eval/loss 0.0651"
            "  1.23k steps/s  79k examples/s  1:05  ETA 1:04");
}

TEST(ProgressLine, OfManyMetricsTheFirstFewAreShown) {
  Progress progress = halfway();
  for (int i = 0; i < 30; ++i) progress.evaluation.emplace_back("eval/other_" + std::to_string(i), i);
  EXPECT_EQ(plain_line(progress),
            " 50%  500/1000  epoch 2.50  loss 0.1235  accuracy 0.9812  eval/loss 0.0651  other_0 0  other_1 1"
            "  1.23k steps/s  79k examples/s  1:05  ETA 1:04");
}

TEST(ProgressLine, Durations) {
  EXPECT_EQ(format_duration(9.9), "0:09");
  EXPECT_EQ(format_duration(3700), "1:01:40");
  EXPECT_EQ(format_duration(2 * 86400 + 3 * 3600), "2d 03:00");
  EXPECT_EQ(format_duration(1e300), "11574074074d 01:46");
  EXPECT_EQ(format_duration(-1), "?");
}

TEST(ProgressLine, Quantities) {
  EXPECT_EQ(format_quantity(9.534), "9.53");
  EXPECT_EQ(format_quantity(999.7), "1k");
  EXPECT_EQ(format_quantity(2.5e7), "25M");
}

}  // namespace
}  // namespace talweg::metrics
