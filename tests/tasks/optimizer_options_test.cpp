// Every option of every optimizer at its smallest, largest and neutral value, as a configuration sets it: a training of
// two steps ends, or the program says why there is none. An option's end must not build a part that is missing later.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "core/files/compose.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"
#include "core/train/trainer.h"
#include "small_optimizer.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

using Assignment = std::pair<std::string, std::string>;

/// Larger numbers are amounts of work (a million probes a step), which are done, not meanings.
constexpr double kLargestCount = 1000;

/// The ends of an option's range, by its schema: numbers at their bounds, both truth values, every choice.
std::vector<std::string> ends_of(const nlohmann::json& schema) {
  std::vector<std::string> ends;
  if (schema.contains("enum"))
    for (const auto& choice : schema.at("enum"))
      if (choice.is_string()) ends.push_back(choice.get<std::string>());
  const nlohmann::json types = nlohmann::json::array({schema.value("type", nlohmann::json())}).flatten();
  const auto takes = [&](const char* type) {
    return std::any_of(types.begin(), types.end(), [&](const nlohmann::json& one) { return one == type; });
  };
  if (takes("boolean") && !takes("string")) ends = {"true", "false"};
  for (const char* bound : {"minimum", "maximum"})
    if (schema.contains(bound) && schema.at(bound) <= kLargestCount) ends.push_back(schema.at(bound).dump());
  const bool has_null = takes("null") || schema.value("if", nlohmann::json()) == nlohmann::json{{"type", "null"}};
  if (has_null) ends.push_back("null");
  return ends;
}

void collect(const nlohmann::json& schema, const std::string& path, std::vector<Assignment>& list) {
  for (const auto& [name, option] : schema.at("properties").items()) {
    if (name == "type") continue;
    if (option.contains("properties")) collect(option, path + name + ".", list);
    for (const std::string& end : ends_of(option)) list.emplace_back(path + name, end);
  }
}

class OptimizerOptions : public ::testing::TestWithParam<std::string> {};

TEST_P(OptimizerOptions, TheEndsOfEveryRangeTrainOrAreRefused) {
  std::vector<Assignment> assignments;
  collect(config::Registry<OptimizerKind>::instance().describe(GetParam()).schema, "optimizer.", assignments);
  std::size_t trained = 0;
  for (const auto& [path, value] : assignments) {
    SCOPED_TRACE(path + "=" + value);
    config::Value root = config::parse_yaml(
        "name: ends\nseed: 3\ndevice: cpu\ntask: {type: classification, data: digits, model: {type: mlp, hidden: "
        "[6]}}\noptimizer: " +
            testing::small_optimizer(GetParam()) +
            "\ntraining: {steps: 2, batch_size: 16, precision: float64, log_every: 1, evaluate_every: 2}\n",
        "ends");
    const testing::TemporaryFolder folder;
    try {
      config::assign(root, {{path, config::Value(*config::parse_yaml("value: " + value, path).find("value"))}});
      const RunDirectory directory = RunDirectory::create(folder.path() / "run");
      Trainer trainer(config::parse<RunConfig>(root), directory, true);
      trainer.run();
      ++trained;
    } catch (const Error& error) {
      EXPECT_GT(std::string(error.what()).size(), 20u) << "a sentence: " << error.what();
    }
  }
  EXPECT_TRUE(assignments.empty() || trained > 0);
}

std::vector<std::string> optimizers() {
  register_components();
  return config::Registry<OptimizerKind>::instance().names();
}

INSTANTIATE_TEST_SUITE_P(Registered, OptimizerOptions, ::testing::ValuesIn(optimizers()),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace talweg::tasks
