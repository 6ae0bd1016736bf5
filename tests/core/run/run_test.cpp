// The loop of a run, around a computation that writes down what it is asked.
#include "core/run/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/metrics/json_lines.h"
#include "core/run/adding.h"
#include "core/temporary_folder.h"

namespace talweg {
namespace {

using talweg::testing::Adding;
using talweg::testing::Plan;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Loop = Run;  // in a test, Run is GoogleTest's

class RunLoop : public ::testing::Test {
 protected:
  Loop run(const Plan& plan) {
    return {std::make_unique<Adding>(plan, asked_), make_directory_recorder(directory_), {2, best_, true}};
  }

  talweg::testing::TemporaryFolder folder_;
  RunDirectory directory_ = RunDirectory::create(folder_.path() / "run");
  std::vector<std::string> asked_;
  std::optional<BestTracker> best_;
};

TEST_F(RunLoop, AsksAtTheCadenceAndAfterTheLastStep) {
  const RunOutcome outcome = run({}).run();
  EXPECT_THAT(asked_,
              ElementsAre("evaluate 0", "measure 0", "step 1", "step 2", "record 2", "step 3", "evaluate 3", "step 4",
                          "record 4", "measure 4", "step 5", "record 5", "evaluate 5", "measure 5", "figures 5"));
  EXPECT_EQ(outcome.status, RunStatus::completed);
  EXPECT_EQ(outcome.steps, 5);
  EXPECT_EQ(outcome.reason, "");
}

TEST_F(RunLoop, WhatIsFinishedEndsWithALastRecordAndEvaluation) {
  Plan plan;
  plan.finishes_at = 1;
  const RunOutcome outcome = run(plan).run();
  EXPECT_THAT(asked_,
              ElementsAre("evaluate 0", "measure 0", "step 1", "record 1", "evaluate 1", "measure 1", "figures 1"));
  EXPECT_EQ(outcome.status, RunStatus::completed);
  EXPECT_EQ(outcome.reason, "nothing is left");
  asked_.clear();
  Loop again = run(plan);
  again.restore();
  EXPECT_EQ(again.run().reason, "nothing is left");
  EXPECT_THAT(asked_, ElementsAre("figures 1")) << "no step is made after it";
}

TEST_F(RunLoop, AStepThatFailsIsCounted) {
  Plan plan;
  plan.fails_at = 4;
  Loop failing = run(plan);
  EXPECT_THROW(failing.run(), TrainingError);
  EXPECT_EQ(failing.so_far().steps, 4);
}

TEST_F(RunLoop, GoesOnFromTheNewestStateAndForgetsLaterRecords) {
  Plan plan;
  plan.fails_at = 4;  // saved after step 2, evaluated after step 3
  Loop failing = run(plan);
  EXPECT_THROW(failing.run(), TrainingError);
  asked_.clear();
  Loop again = run({});
  again.restore();
  const RunOutcome outcome = again.run();
  EXPECT_EQ(asked_.front(), "step 3");
  EXPECT_EQ(outcome.metrics, (Metrics{{"eval/loss", 0}, {"train/sum", 10}, {"adding/sum", 10}}));
  std::vector<std::int64_t> evaluated;
  for (const metrics::Record& record : metrics::read_metrics(directory_.metrics()))
    if (record.values.front().first == "eval/loss") evaluated.push_back(record.step);
  EXPECT_THAT(evaluated, ElementsAre(0, 3, 5));
}

TEST_F(RunLoop, PausesWhereItIsToldAndGoesOnAsIfItHadNot) {
  const RunOutcome paused = [&] {
    Loop loop(std::make_unique<Adding>(Plan{}, asked_), make_directory_recorder(directory_), {2, best_, true, 3});
    return loop.run();
  }();
  EXPECT_EQ(paused.status, RunStatus::paused);
  EXPECT_EQ(paused.reason, "paused after 3 of 5 steps");
  EXPECT_EQ(asked_.back(), "measure 3") << "what is judged is measured there; pictures come at the end";
  Loop again = run({});
  again.restore();
  const RunOutcome outcome = again.run();
  EXPECT_EQ(outcome.status, RunStatus::completed);
  EXPECT_EQ(outcome.metrics.front(), (std::pair<std::string, double>("eval/loss", 0)));
  Plan shorter;
  shorter.steps = 4;
  Loop taken_back = run(shorter);
  EXPECT_THROW(taken_back.restore(), ConfigError);
}

/// The plan of a run that is built from a file of so many bytes.
Plan built_from(std::uint64_t size, std::int64_t steps) {
  Plan plan;
  plan.steps = steps;
  plan.files = {{"data.csv", size, "key", 0}};
  return plan;
}

TEST_F(RunLoop, ChangedFilesAreRefusedByNameOrGoneOnWithOnRecord) {
  EXPECT_FALSE(run(built_from(100, 5)).run().account.contains("changed_files"));
  EXPECT_NO_THROW(run(built_from(100, 7)).restore()) << "nothing has changed";
  try {
    run(built_from(120, 7)).restore();
    FAIL() << "goes on with other data";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'data.csv' grew from 100 to 120 bytes"));
    EXPECT_THAT(error.what(), HasSubstr("--accept-changed-data"));
  }
  io::FileChanges told;
  Loop accepted = run(built_from(120, 7));
  accepted.restore({.on_changed_files = [&](const io::FileChanges& changes) { told = changes; }});
  ASSERT_EQ(told.size(), 1u);
  const nlohmann::json once = {{"step", 5}, {"files", told}};
  EXPECT_EQ(accepted.run().account.at("changed_files"), nlohmann::json::array({once}));
  // From there on the file of 120 bytes is the run's, and the record stays.
  Loop later = run(built_from(120, 9));
  later.restore();
  EXPECT_EQ(later.run().account.at("changed_files"), nlohmann::json::array({once}));
}

TEST_F(RunLoop, ChangedFilesThatWereAcceptedAreNotAskedAboutAgain) {
  run(built_from(100, 5)).run();
  Loop accepted = run(built_from(120, 5));
  accepted.restore({.on_changed_files = [](const io::FileChanges&) {}});
  accepted.run();  // no step is left to make
  EXPECT_NO_THROW(run(built_from(120, 5)).restore());
}

TEST_F(RunLoop, AStateThatKnowsNoFilesIsGoneOnWith) {
  run({}).run();
  EXPECT_NO_THROW(run(built_from(100, 7)).restore());
}

TEST_F(RunLoop, RehearsesWhatComesBeforeTheFirstStep) {
  run({}).rehearse();
  EXPECT_THAT(asked_, ElementsAre("evaluate 0", "measure 0"));
  CheckpointOptions checkpoint;
  checkpoint.best_metric = "eval/los";
  best_.emplace(checkpoint, std::nullopt);
  EXPECT_THROW(run({}).rehearse(), ConfigError);
}

TEST_F(RunLoop, KeepsTheTimeBetweenTwoStates) {
  best_.emplace(CheckpointOptions{}, std::nullopt);
  Plan plan;
  plan.cadence = {.record = 1, .evaluate = 1, .save = 1, .seconds_between_saves = 1000};
  plan.fails_at = 5;
  Loop failing = run(plan);
  EXPECT_THROW(failing.run(), TrainingError);
  EXPECT_FALSE(make_directory_recorder(directory_)->newest()) << "steps are quick, and there was nothing to save yet";
  plan.fails_at = -1;
  run(plan).run();
  EXPECT_EQ(make_directory_recorder(directory_)->newest()->step, 5) << "the end is saved whenever it comes";
  const checkpoint::CheckpointFolder best(directory_.checkpoints(), "best");
  EXPECT_EQ(best.load_newest([](const std::string&) {})->step, 5) << "and so is the best";
}

TEST_F(RunLoop, LeavesNothingOfARunThatDidNotBegin) {
  const std::filesystem::path mine = folder_.path() / "mine";
  std::filesystem::create_directories(mine);
  io::write_file_atomically(mine / ".hidden", "somebody else's");
  for (const auto& [path, stays] : {std::pair{folder_.path() / "new", false}, std::pair{mine, true}}) {
    const RunDirectory begun = RunDirectory::create(path);
    io::write_file_atomically(begun.config(), "name: x\n");
    std::filesystem::create_directories(begun.figures());
    begun.discard();
    EXPECT_EQ(std::filesystem::exists(path), stays);
    EXPECT_NO_THROW(RunDirectory::create(path));
  }
  EXPECT_TRUE(std::filesystem::exists(mine / ".hidden"));
}

TEST_F(RunLoop, NumbersOfTheAccountAreMetricsAndThoseOfRemarksAreNot) {
  const RunOutcome outcome = run({}).run();
  EXPECT_EQ(outcome.account.at("adding").at("how"), "by hand");
  EXPECT_EQ(outcome.account.at("remark").at("number"), 3);
  for (const auto& [name, value] : outcome.metrics) EXPECT_EQ(name.find("remark"), std::string::npos);
  EXPECT_EQ(outcome.metrics.back(), (std::pair<std::string, double>("adding/sum", 10)));
}

TEST_F(RunLoop, StopsWhenTheBestNoLongerImproves) {
  CheckpointOptions checkpoint;
  checkpoint.best_goal = Goal::maximize;  // the loss falls
  best_.emplace(checkpoint, EarlyStoppingOptions{1, 0});
  const RunOutcome outcome = run({}).run();
  EXPECT_EQ(outcome.steps, 3);
  EXPECT_THAT(outcome.reason, HasSubstr("eval/loss has not improved for 1 evaluations"));
  ASSERT_TRUE(outcome.best);
  EXPECT_EQ(outcome.best->found.step, 0);
}

}  // namespace
}  // namespace talweg
