// A run that goes on with another configuration than the one that made its steps.
#include "core/run/changed_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/kinds/lasting_settings.h"
#include "core/run/adding.h"
#include "core/run/run.h"
#include "core/temporary_folder.h"

namespace talweg {
namespace {

using talweg::testing::Adding;
using talweg::testing::Plan;

using Loop = Run;  // in a test, Run is GoogleTest's
using ::testing::AllOf;
using ::testing::HasSubstr;

Settings settings(const std::string& yaml) {
  return settings_of(config::parse_yaml(yaml, "x.yaml"));
}

TEST(ChangedSettings, HoldEveryOptionByItsPath) {
  EXPECT_EQ(
      settings("{seed: 1, optimizer: {type: adam, betas: [0.9, 0.99]}, average: null, model: {layers: [{d: 1}]}}"),
      (Settings{{"seed", "1"},
                {"optimizer", "given"},
                {"optimizer.type", "adam"},
                {"optimizer.betas", "[0.9, 0.99]"},
                {"average", "nothing"},
                {"model", "given"},
                {"model.layers", "[{d: 1}]"}}));
}

TEST(ChangedSettings, AreWhatBothHaveWithOtherValues) {
  const auto described = [](const std::string& before, const std::string& now) {
    return describe(changes_between(settings(before), settings(now)));
  };
  EXPECT_EQ(described("{seed: 1, a: {b: 2}}", "{seed: 1, a: {b: 2}}"), "");
  EXPECT_EQ(described("{seed: 1, a: {b: 2}}", "{seed: 2, a: {b: 3}}"), "a.b was 2 and is 3; seed was 1 and is 2");
  EXPECT_EQ(described("{average: null}", "{average: {decay: 0.9}}"), "average was nothing and is given");
  EXPECT_EQ(described("{seed: 1}", "{seed: 1, new_in_this_version: 3}"), "");
}

TEST(ChangedSettings, TheLengthAndWhatIsToldMayChangeUnlessNoiseWasChosenForTheLength) {
  const auto lasting = [](const std::string& yaml) { return lasting_settings(config::parse_yaml(yaml, "x.yaml")); };
  EXPECT_EQ(lasting("{name: a, seed: 1, training: {steps: 5, batch_size: 2}, checkpoint: {keep: 2}, "
                    "optimizer: {target_epsilon: null}}"),
            (Settings{{"seed", "1"},
                      {"training", "given"},
                      {"training.batch_size", "2"},
                      {"optimizer", "given"},
                      {"optimizer.target_epsilon", "nothing"}}));
  EXPECT_EQ(lasting("{training: {steps: 5}, optimizer: {target_epsilon: 8}}").at("training.steps"), "5");
  EXPECT_TRUE(may_change("checkpoint.keep"));
  EXPECT_FALSE(may_change("checkpoints"));
}

class ChangedSettingsOfARun : public ::testing::Test {
 protected:
  std::unique_ptr<Loop> run(const Settings& settings, std::int64_t fails_at = -1, std::int64_t saves_every = 2) {
    Plan plan;
    plan.cadence = {.record = 1, .evaluate = 5, .save = saves_every};
    plan.fails_at = fails_at;
    plan.lost = &lost_;
    RunSetup setup;
    setup.quiet = true;
    setup.settings = settings;
    return std::make_unique<Loop>(std::make_unique<Adding>(plan, asked_), make_directory_recorder(directory_),
                                  std::move(setup));
  }
  std::string refusal(Loop& again, const RestorePolicies& policies = {}) {
    try {
      again.restore(policies);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "goes on";
  }
  static RestorePolicies accepting() {
    return {.on_changed_settings = [](const SettingChanges&) {}};
  }

  talweg::testing::TemporaryFolder folder_;
  RunDirectory directory_ = RunDirectory::create(folder_.path() / "run");
  std::vector<std::string> asked_;
  LostSteps lost_;
};

TEST_F(ChangedSettingsOfARun, AreRefusedWithBothValuesOrGoneOnWithOnRecord) {
  const Settings before = {{"seed", "1"}}, now = {{"seed", "2"}};
  EXPECT_THROW(run(before, 4)->run(), TrainingError);
  EXPECT_THAT(refusal(*run(now)), AllOf(HasSubstr("seed was 1 and is 2"), HasSubstr("--accept-changes")));
  EXPECT_EQ(refusal(*run(before)), "goes on");
  const auto accepted = run(now);
  EXPECT_EQ(refusal(*accepted, accepting()), "goes on");
  EXPECT_TRUE(lost_.differ);
  // It is on record at once, whatever comes next: the earlier values are the changed ones now.
  EXPECT_EQ(refusal(*run(now)), "goes on");
  EXPECT_FALSE(lost_.differ);
  EXPECT_THAT(refusal(*run(before)), HasSubstr("seed was 2 and is 1"));
  const nlohmann::json change = {{"option", "seed"}, {"before", "1"}, {"now", "2"}};
  EXPECT_EQ(run(now)->so_far().account.count("changed_settings"), 0u);
  const auto last = run(now);
  last->restore();
  EXPECT_EQ(last->run().account.at("changed_settings"),
            nlohmann::json::array({{{"step", 2}, {"options", nlohmann::json::array({change})}}}));
}

TEST_F(ChangedSettingsOfARun, AreRefusedWhereNoStateOfTheStepsIsLeft) {
  EXPECT_THROW(run({{"seed", "1"}}, 4, 0)->run(), TrainingError);
  EXPECT_THAT(refusal(*run({{"seed", "2"}}), accepting()),
              AllOf(HasSubstr("has made 3 steps of which no state is left"), HasSubstr("seed was 1 and is 2")));
  EXPECT_EQ(refusal(*run({{"seed", "1"}})), "goes on");
}

TEST_F(ChangedSettingsOfARun, AllStepsEverMadeWithTheEarlierOnesAreLost) {
  const Settings before = {{"noise", "1"}}, now = {{"noise", "2"}};
  EXPECT_THROW(run(before, 4, 2)->run(), TrainingError);  // saved after 2, on record up to 3
  const auto again = run(before, 3);
  again->restore();
  EXPECT_EQ(lost_.made, 1);
  EXPECT_THROW(again->run(), TrainingError);  // nothing is on record after 2
  run(now)->restore(accepting());
  EXPECT_EQ(lost_.beyond, 1) << "step 3 of the first session, though its record was cut";
  EXPECT_TRUE(lost_.differ);
}

}  // namespace
}  // namespace talweg
