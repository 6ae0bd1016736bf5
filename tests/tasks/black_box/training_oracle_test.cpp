// Trainings as oracles: options as variables, failures as a large value, runs that are kept, mistakes at their place.
#include "tasks/black_box/training/training_oracle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "complaint.h"
#include "core/files/yaml.h"
#include "core/temporary_folder.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

const char* const kTraining =
    "name: small\ndevice: cpu\ntask: {type: classification, data: digits, model: linear}\n"
    "optimizer: {type: sgd, learning_rate: 0.02}\ntraining: {steps: 4, batch_size: 16, evaluate_every: 4}\n";

class TrainingOracleTest : public ::testing::Test {
 protected:
  std::unique_ptr<Oracle> oracle(const std::string& options, const std::string& training = kTraining) {
    register_components();
    std::ofstream(folder_.path() / "small.yaml") << training;
    config::Component<OracleKind> component;
    config::Diagnostics diagnostics;
    component.parse(config::parse_yaml("{type: training, config: small.yaml, " + options + "}",
                                       (folder_.path() / "search.yaml").string()),
                    diagnostics, "oracle");
    diagnostics.throw_if_any();
    return component.create();
  }
  static double observe(Oracle& oracle, const std::vector<double>& x, std::uint64_t seed) {
    double value = 0;
    oracle.observe(x.data(), 1, std::span(&seed, 1), &value);
    return value;
  }
  std::string complaint(const std::string& options, const std::string& training = kTraining) {
    return testing::complaint([&] { oracle(options, training); });
  }

  const testing::TemporaryFolder folder_;
};

TEST_F(TrainingOracleTest, TrainsWithOptionsOfThePointAndASeedOfItsOwn) {
  const auto trained = oracle("over: {optimizer.learning_rate: log 1e-4..1}");
  ASSERT_EQ(trained->variables().size(), 1u);
  EXPECT_EQ(trained->variables()[0].start, 0.02) << "where the configuration stands";
  trained->keep_in(folder_.path());
  const std::uint64_t seed = std::uint64_t{5} << 40;
  const double slow = observe(*trained, {1e-4}, seed), fast = observe(*trained, {0.1}, seed);
  EXPECT_LT(fast, slow);
  EXPECT_EQ(observe(*trained, {0.1}, seed), fast);
  EXPECT_NE(observe(*trained, {0.1}, 2 * seed), fast);
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "trainings/000001/summary.json"));
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "trainings/000003/config.yaml"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "trainings/000004")) << "one was known";
}

TEST_F(TrainingOracleTest, MakesATrainingAgainWhoseStatesAreDamaged) {
  const auto find_out = [&] {
    const auto trained = oracle("over: {optimizer.learning_rate: log 1e-4..1}");
    trained->keep_in(folder_.path());
    return observe(*trained, {0.1}, 1);
  };
  const double value = find_out();
  std::filesystem::remove(folder_.path() / "evaluations.jsonl");  // the search ended before it knew the answer
  const std::filesystem::path run = folder_.path() / "trainings/000001";
  for (const auto& state : std::filesystem::directory_iterator(run / "checkpoints"))
    std::filesystem::resize_file(state.path() / "state.json", 10);
  EXPECT_EQ(find_out(), value);
  EXPECT_TRUE(std::filesystem::exists(run / "checkpoints.earlier")) << "what was there is kept";
}

TEST_F(TrainingOracleTest, GivesFailuresALargeValueAndTurnsWhatIsMaximized) {
  EXPECT_EQ(observe(*oracle("over: {optimizer.learning_rate: log 1e-4..1e38}, failed: 77"), {1e38}, 1), 77);
  const double accuracy =
      observe(*oracle("over: {optimizer.learning_rate: log 1e-4..1}, metric: eval/accuracy, goal: maximize"), {0.1}, 1);
  EXPECT_LT(accuracy, 0);
  EXPECT_GE(accuracy, -1);
}

TEST_F(TrainingOracleTest, ReportsMistakesOfTheTrainingAtTheirPlaceAndAtItsOwn) {
  const std::string file = (folder_.path() / "small.yaml").string(), search = (folder_.path() / "search.yaml").string();
  EXPECT_THAT(
      complaint("over: {optimizer.learning_rate: log 1e-4..1}", std::string(kTraining) + "schedule: {type: cosin}\n"),
      ::testing::StartsWith(search + ":1:26: the runs would not begin: " + file +
                            ":6:18: there is no schedule 'cosin'"));
  EXPECT_THAT(complaint("over: {optimizer.learnin_rate: log 1e-4..1}"), ::testing::HasSubstr("learnin_rate"));
  EXPECT_THAT(complaint("over: {optimizer.learning_rate: -1..1}"),
              ::testing::HasSubstr("'learning_rate' must be above 0"))
      << "at the lower end of its range";
  EXPECT_EQ(complaint("over: {}"), search + ":1:44: 'over' names one option at least");
  EXPECT_THAT(complaint("over: {seed: integer 1..5}", std::string(kTraining) + "sweep: {seed: [1, 2]}\n"),
              ::testing::HasSubstr("a 'sweep' is no single run"));
  const auto other = oracle("over: {optimizer.learning_rate: log 1e-4..1}, metric: eval/los");
  EXPECT_THAT(testing::complaint([&] { observe(*other, {0.1}, 1); }),
              ::testing::HasSubstr("have no metric 'eval/los' (did you mean 'eval/loss'?)"));
}

}  // namespace
}  // namespace talweg::tasks
