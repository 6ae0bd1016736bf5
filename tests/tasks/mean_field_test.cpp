// The study of infinitely large two-layer networks: numbers of an independent program, several widths, limits and
// mistakes.
#include "tasks/mean_field/dynamical_mean_field.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tasks/study_steps.h"

namespace talweg::tasks {
namespace {

const std::string kFigureFour =
    "type: dynamical_mean_field, activation: {covariance: [0, 0.9, 0, 0.16666666666666666]}, target: {kind: "
    "activation}, "
    "alpha: 0.3, noise: 0.3";

TEST(DynamicalMeanField, NumbersOfFigureFour) {
  const auto study = make_study(
      "{" + kFigureFour + ", widths: 16, integrator: paper_euler, time: {until: 50, step: 0.1}, report: [10, 50]}");
  make_steps(*study);
  auto metrics = metrics_of(*study);
  EXPECT_NEAR(metrics.at("a@10"), 1.309030, 2e-6);
  EXPECT_NEAR(metrics.at("overlap@10"), 0.711181, 2e-6);
  EXPECT_NEAR(metrics.at("train_error@50"), 0.0077966, 2e-6);
  EXPECT_NEAR(metrics.at("test_error"), 0.092123, 2e-6);
  EXPECT_NEAR(metrics.at("best_time"), 18.4, 0.5);
  EXPECT_EQ(metrics.count("relaxation_time"), 0u);
  EXPECT_GE(study->figures().size(), 8u);
}

TEST(DynamicalMeanField, SeveralWidthsEachInItsOwnTime) {
  const auto study = make_study("{" + kFigureFour + ", widths: [2, 4], time: {until: 2, unit: width}, report: [1]}");
  EXPECT_EQ(study->steps(), 41 + 81);
  make_steps(*study);
  auto metrics = metrics_of(*study);
  const auto alone = make_study("{" + kFigureFour + ", widths: 4, time: {until: 8}, report: [4]}");
  make_steps(*alone);
  EXPECT_NEAR(metrics.at("m4/a@1"), metrics_of(*alone).at("a@4"), 1e-12);
}

TEST(DynamicalMeanField, LazyLimit) {
  const auto study = make_study(
      "{type: dynamical_mean_field, activation: {covariance: [0, 0.3, 0.5]}, alpha: 0.5, gamma: 1, noise: 1, "
      "lazy_limit: true, "
      "integrator: paper_euler, time: {until: 5, step: 0.01}, report: [1, 5]}");
  make_steps(*study);
  auto metrics = metrics_of(*study);
  EXPECT_NEAR(metrics.at("train_error@1"), 0.16686584, 1e-6);
  EXPECT_NEAR(metrics.at("train_error@5"), 0.02661623, 1e-6);
  EXPECT_NEAR(metrics.at("test_error@5"), 0.75, 1e-9);
}

TEST(DynamicalMeanField, MistakesSayWhatWouldHelp) {
  const std::string quadratic = "type: dynamical_mean_field, activation: {covariance: [0, 0.9, 0.5]}";
  for (const auto& [options, words] : std::vector<std::pair<std::string, std::string>>{
           {quadratic, "give one of 'alpha'"},
           {quadratic + ", alpha: -1", "'alpha' must be above 0"},
           {quadratic + ", alpha: 0.3, noise: -1", "'noise' must be at least 0"},
           {quadratic + ", alpha: 0.3, widths: 0.5", "'widths' must be at least 1"},
           {quadratic + ", alpha: 0.3, gamma: 1, widths: 64, integrator: paper_euler, time: {step: 0.06}",
            "beyond stability"},
           {quadratic + ", alpha: 0.3, time: {until: 1e6, step: 0.1}", "would fit"},
           {quadratic + ", alpha: 0.3, time: {until: 1e9, step: 0.1}", "more than"},
           {quadratic + ", alpha: 0.3, time: {growth: 1.1}", "'largest'"},
           {quadratic + ", alpha: 0.3, lazy_limit: true", "'gamma'"},
           {"type: dynamical_mean_field, alpha: 1, activation: {hermite: [0.5, 1]}", "centred"},
           {"type: dynamical_mean_field, alpha: 1, activation: {name: relu}", "kink"},
           {"type: dynamical_mean_field, alpha: 1, activation: {hermite: [0, 1e200]}", "not finite"},
           {"type: dynamical_mean_field, alpha: 1, activation: {hermite: [0, 1]}, target: {kind: hermite, hermite: [1, "
            "1]}",
            "mean zero"},
           {"type: dynamical_mean_field, alpha: 1, activation: {hermite: [0, 1], name: tanh}", "give one of 'name'"}}) {
    try {
      make_study("{" + options + "}");
      ADD_FAILURE() << options;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << options << "\n" << error.what();
      EXPECT_NE(std::string(error.what()).find("test:"), std::string::npos) << "no place: " << error.what();
    }
  }
}

/// A7 in small: d = 50, where e_tr(8) of an independent program was 0.0481 ± 0.0007, and the equations say 0.0386.
TEST(GaussianNetwork, IsWhatTheEquationsDescribeUpToOneOverD) {
  const auto study = make_study(
      "{type: gaussian_network, activation: {covariance: [0, 0.1, 0.5]}, width: 4, dimension: 50, samples: 1.5, noise: "
      "1, "
      "runs: 60, step: 0.4, until: 8, report: [4, 8]}");
  make_steps(*study);
  auto metrics = metrics_of(*study);
  EXPECT_NEAR(metrics.at("a_theory@8"), 1.358904, 2e-6);
  for (const char* time : {"@4", "@8"})
    for (const char* name : {"a", "start"}) {
      const std::string key = name;
      const double theory = metrics.at(key + "_theory" + time);
      EXPECT_NEAR(metrics.at(key + time), theory, 3 * metrics.at(key + "_deviation" + time) + 0.01 * theory)
          << key << time;
    }
  EXPECT_NEAR(metrics.at("train_error@8"), 0.0481, 4 * metrics.at("train_error_deviation@8"));
  EXPECT_GT(metrics.at("train_error@8"), metrics.at("train_error_theory@8"));
  EXPECT_NEAR(metrics.at("test_error@8"), metrics.at("test_error_theory@8"), 0.03);
}

/// A signal and a cubic part: tensors J and K, and the closed form of the test error.
TEST(GaussianNetwork, LearnsADirection) {
  const auto study = make_study(
      "{type: gaussian_network, activation: {covariance: [0, 0.9, 0.2, 0.16]}, target: {kind: activation}, width: 3, "
      "dimension: 20, samples: 3, noise: 0.3, runs: 30, step: 0.2, until: 6, report: [6]}");
  make_steps(*study);
  auto metrics = metrics_of(*study);
  EXPECT_NEAR(metrics.at("a@6"), metrics.at("a_theory@6"), 0.05);
  EXPECT_NEAR(metrics.at("overlap@6"), metrics.at("overlap_theory@6"), 0.06);
  EXPECT_NEAR(metrics.at("test_error@6"), metrics.at("test_error_theory@6"), 0.15 * metrics.at("test_error_theory@6"));
}

}  // namespace
}  // namespace talweg::tasks
