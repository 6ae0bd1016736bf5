// A configuration holds one kind of run; one that mixes them is told what belongs to what.
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/kinds/run_recipe.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

std::string complaint_about(const std::string& text) {
  register_components();
  try {
    parse_recipe(config::parse_yaml(text, "x.yaml"));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(MixedKeys, EachIsNamedAtItsLineAndColumn) {
  const std::string complaint = complaint_about("study: privacy_bounds\noptimizer: sgd\ntraining: {steps: 3}\n");
  EXPECT_NE(complaint.find("x.yaml:2:1: 'optimizer' belongs to a training, and this file holds a study (x.yaml:1:8)"),
            std::string::npos)
      << complaint;
  EXPECT_NE(complaint.find("x.yaml:3:1: 'training' belongs to a training"), std::string::npos) << complaint;
}

TEST(MixedKeys, WhatBelongsToAStudyIsToldInATraining) {
  const std::string complaint = complaint_about("task: bandit\ntraining: {steps: 3}\nevaluate_every: 2\n");
  EXPECT_NE(complaint.find("x.yaml:3:1: 'evaluate_every' belongs to a study"), std::string::npos) << complaint;
  EXPECT_NE(complaint.find("a training has 'training.evaluate_every'"), std::string::npos) << complaint;
}

TEST(MixedKeys, AStudyHasNoBest) {
  const std::string complaint = complaint_about("study: privacy_bounds\ncheckpoint: {best_metric: eval/x}\n");
  EXPECT_NE(complaint.find("x.yaml:2:14: 'checkpoint.best_metric' belongs to a training"), std::string::npos)
      << complaint;
}

TEST(MixedKeys, AStudyThatIsCalledATaskIsFound) {
  const std::string complaint = complaint_about("task: privacy_bounds\ntraining: {steps: 3}\n");
  EXPECT_NE(complaint.find("there is a study of that name"), std::string::npos) << complaint;
}

TEST(MixedKeys, TheOtherMistakesAreToldInTheSameBreath) {
  const std::string complaint = complaint_about("study: privacy_bounds\noptimizer: sgd\nevaluate_evry: 2\n");
  EXPECT_NE(complaint.find("x.yaml:2:1: 'optimizer' belongs to a training"), std::string::npos) << complaint;
  EXPECT_NE(complaint.find("x.yaml:3:1: unknown key 'evaluate_evry'"), std::string::npos) << complaint;
}

TEST(MixedKeys, OneKindAloneIsNoMistake) {
  EXPECT_EQ(complaint_about("study: privacy_bounds\nevaluate_every: 2\n"), "");
  EXPECT_EQ(complaint_about("task: bandit\ntraining: {steps: 3}\n"), "");
}

}  // namespace
}  // namespace talweg::tasks
