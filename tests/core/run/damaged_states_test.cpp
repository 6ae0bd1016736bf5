// What becomes of a run whose states are damaged, gone or unreadable, and of the steps that are undone with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "core/error.h"
#include "core/io/output_file.h"
#include "core/metrics/json_lines.h"
#include "core/run/adding.h"
#include "core/run/run.h"
#include "core/temporary_folder.h"

namespace talweg {
namespace {

namespace fs = std::filesystem;
using talweg::testing::Adding;
using talweg::testing::Plan;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Loop = Run;  // in a test, Run is GoogleTest's

class DamagedStates : public ::testing::Test {
 protected:
  /// A run of ten steps that saves every second one and keeps two.
  Loop run(std::int64_t fails_at = -1) {
    Plan plan;
    plan.steps = 10;
    plan.cadence = {.record = 1, .evaluate = 10, .save = 2};
    plan.fails_at = fails_at;
    plan.lost = &lost_;
    return {std::make_unique<Adding>(plan, asked_), make_directory_recorder(directory_), {2, {}, true}};
  }
  void fail_at(std::int64_t step) {
    Loop failing = run(step);
    EXPECT_THROW(failing.run(), TrainingError);
  }
  /// Goes on with the run until `step` fails.
  void go_on_to(std::int64_t step) {
    Loop again = run(step);
    again.restore();
    EXPECT_THROW(again.run(), TrainingError);
  }
  fs::path state(std::int64_t step) const { return directory_.checkpoints() / fmt::format("step-{:08}", step); }
  static void flip_a_bit(const fs::path& file) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    const char byte = static_cast<char>(stream.get());
    stream.seekp(0);
    stream.put(static_cast<char>(byte ^ 1));
  }
  std::vector<std::int64_t> steps_on_record() const {
    std::vector<std::int64_t> steps;
    for (const metrics::Record& record : metrics::read_metrics(directory_.metrics()))
      if (steps.empty() || steps.back() != record.step) steps.push_back(record.step);
    return steps;
  }
  std::vector<std::string> states() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_.checkpoints()))
      names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string refusal(Loop again) {
    try {
      again.restore();
    } catch (const NoWholeState& error) {
      return error.what();
    }
    return "goes on";
  }

  talweg::testing::TemporaryFolder folder_;
  RunDirectory directory_ = RunDirectory::create(folder_.path() / "run");
  std::vector<std::string> asked_;
  LostSteps lost_;
};

TEST_F(DamagedStates, TheNewestIsSetAsideByNameAndTheOneBeforeItIsGoneOnWith) {
  fail_at(8);
  fs::resize_file(state(6) / "state.json", 10);
  Loop again = run();
  again.restore();
  EXPECT_THAT(states(), ElementsAre("step-00000004", "step-00000006.damaged"));
  EXPECT_EQ(again.run().metrics.back().second, 45) << "the sum of an undisturbed run";
  EXPECT_THAT(states(), ElementsAre("step-00000006.damaged", "step-00000008", "step-00000010"));
  EXPECT_THAT(steps_on_record(), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
}

TEST_F(DamagedStates, AreNeverBegunAnewUnasked) {
  fail_at(8);
  flip_a_bit(state(4) / "state.json");
  fs::remove(state(6) / "state.json");
  const std::vector<std::string> before = states();
  EXPECT_THAT(refusal(run()), AllOf(HasSubstr("no whole state"), HasSubstr("step-00000004: "), HasSubstr("checksum"),
                                    HasSubstr("step-00000006: "), HasSubstr("missing"), HasSubstr("--from-start")));
  EXPECT_EQ(states(), before);
  EXPECT_EQ(steps_on_record().back(), 7);

  Loop anew = run();
  anew.restore({.on_no_whole_state = [](const NoWholeState&) {}});
  EXPECT_EQ(anew.run().metrics.back().second, 45);
  EXPECT_THAT(states(), ElementsAre("step-00000008", "step-00000010"));
  EXPECT_TRUE(fs::exists(directory_.path() / "checkpoints.earlier/step-00000004"));
  EXPECT_EQ(metrics::read_metrics(directory_.path() / "metrics.jsonl.earlier").back().step, 7);
}

TEST_F(DamagedStates, ThatAreGoneAreMissed) {
  fail_at(8);
  fs::remove_all(directory_.checkpoints());
  EXPECT_THAT(refusal(run()), HasSubstr("the state of step 6 was saved last"));
  EXPECT_EQ(steps_on_record().back(), 7);
}

TEST_F(DamagedStates, PermissionToBeginAnewLeavesAWholeStateAlone) {
  fail_at(8);
  Loop again = run();
  again.restore({.on_no_whole_state = [](const NoWholeState&) { FAIL() << "the state of step 6 is whole"; }});
  asked_.clear();
  again.run();
  EXPECT_EQ(asked_.front(), "step 7");
}

TEST_F(DamagedStates, ARunThatSavedNothingYetBeginsAgain) {
  fail_at(2);
  EXPECT_EQ(refusal(run()), "goes on");
  EXPECT_THAT(asked_, ::testing::Contains("record 1"));
}

TEST_F(DamagedStates, ARunOfAVersionThatNotedNothingGoesOn) {
  fail_at(8);
  fs::remove(directory_.saved());
  Loop again = run();
  again.restore();
  EXPECT_EQ(again.run().metrics.back().second, 45);
}

TEST_F(DamagedStates, RecordsOfAVersionThatNotedNothingAreKeptWhereNoStateIs) {
  fail_at(8);
  fs::remove(directory_.saved());
  fs::remove_all(directory_.checkpoints());
  Loop again = run();
  again.restore();
  EXPECT_EQ(again.run().metrics.back().second, 45);
  EXPECT_EQ(metrics::read_metrics(directory_.path() / "metrics.jsonl.earlier").back().step, 7);
}

TEST_F(DamagedStates, WhatCannotBeReadIsNotTakenForDamagedOrAbsent) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs the right to become another user";
  fail_at(8);
  fs::permissions(folder_.path(), fs::perms::owner_all | fs::perms::others_all);
  for (const fs::path& unreadable : {directory_.checkpoints(), state(6) / "state.json"}) {
    const fs::perms before = fs::status(unreadable).permissions();
    fs::permissions(unreadable, fs::perms::none);
    ASSERT_EQ(::seteuid(65534), 0);
    EXPECT_THROW(run().restore(), SystemError) << unreadable;
    ASSERT_EQ(::seteuid(0), 0);
    fs::permissions(unreadable, before);
  }
  EXPECT_THAT(states(), ElementsAre("step-00000004", "step-00000006"));
}

TEST_F(DamagedStates, StepsThatAreUndoneAreCountedOnceWhateverComesNext) {
  fail_at(8);  // saved after 6, on record up to 7
  go_on_to(8);
  EXPECT_EQ(lost_.made, 1) << "step 7 was seen twice";
  // The process ended before a state was saved: one more is undone, and the first is not forgotten.
  go_on_to(10);  // saves after 8
  EXPECT_EQ(lost_.made, 2);
  // The state of step 8 knows of both.
  Loop last = run();
  last.restore();
  EXPECT_EQ(lost_.made, 1) << "step 9";
  last.run();
  run().restore();
  EXPECT_EQ(lost_.made, 0);
}

TEST_F(DamagedStates, StepsThatAreUndoneAreCountedWhereStateAndRecordsOfThemAreDamaged) {
  fail_at(8);
  fs::remove(directory_.metrics());
  flip_a_bit(state(6) / "state.json");
  go_on_to(5);
  EXPECT_EQ(lost_.made, 2) << "steps 5 and 6";
  flip_a_bit(state(4) / "state.json");
  Loop anew = run();
  anew.restore({.on_no_whole_state = [](const NoWholeState&) {}});
  EXPECT_EQ(lost_.made, 6) << "the same two, and four more";
}

TEST_F(DamagedStates, AStateOfAnotherShapeIsRefusedInASentence) {
  fail_at(8);
  const checkpoint::CheckpointFolder series(directory_.checkpoints(), "step");
  checkpoint::Checkpoint other = *series.find_newest().newest;
  const checkpoint::Checkpoint whole = other;
  const auto saved_with = [&](const std::string& name, const nlohmann::json& value) {
    other = whole;
    other.values[name] = value;
    series.save(other, 2);
    try {
      run().restore();
    } catch (const DataError& error) {
      return std::string(error.what());
    }
    return std::string("goes on");
  };
  EXPECT_EQ(saved_with("recorded", 7), "goes on");
  for (const char* name : {"sum", "counters", "metrics", "recorded"})
    for (const char* value : {"\"text\"", "[1]", "{}"})
      EXPECT_THAT(saved_with(name, nlohmann::json::parse(value)),
                  HasSubstr("the state of step 6 is not one of this run"))
          << name << " " << value;
}

}  // namespace
}  // namespace talweg
