#include "core/kinds/run_recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/config/yaml.h"
#include "core/error.h"
#include "core/kinds/mixed_keys.h"
#include "core/study/study_computation.h"
#include "core/train/training.h"

namespace talweg {
namespace {

template <class Config>
std::string as_yaml(Config config) {
  return config::to_yaml(config::fields_of(config).dump());
}

class TrainingRecipe : public RunRecipe {
 public:
  explicit TrainingRecipe(RunConfig config) : config_(std::move(config)) {}

  RunHeader& header() override { return config_; }
  const std::vector<Expectation>& expectations() const override { return config_.expect; }
  const distributed::DistributedOptions& distributed() const override { return config_.distributed; }
  std::string resolved() const override { return as_yaml(config_); }
  std::string shared() const override {
    RunConfig common = config_;
    common.distributed.interface.reset();  // the hosts' own
    return as_yaml(common);
  }
  std::unique_ptr<Run> make(std::unique_ptr<RunRecorder> recorder, const RunPlace& place) const override {
    RunSetup setup{config_.checkpoint.keep, BestTracker(config_.checkpoint, config_.early_stopping), place.quiet,
                   place.group};
    setup.pause_after = place.pause_after;
    return std::make_unique<Run>(std::make_unique<Training>(config_, place.device, place.group), std::move(recorder),
                                 std::move(setup));
  }

 private:
  RunConfig config_;
};

class StudyRecipe : public RunRecipe {
 public:
  explicit StudyRecipe(StudyConfig config) : config_(std::move(config)) {}

  RunHeader& header() override { return config_; }
  const std::vector<Expectation>& expectations() const override { return config_.expect; }
  const distributed::DistributedOptions& distributed() const override { return alone_; }
  std::string resolved() const override { return as_yaml(config_); }
  std::unique_ptr<Run> make(std::unique_ptr<RunRecorder> recorder, const RunPlace& place) const override {
    if (place.group && place.group->size() > 1)
      throw ConfigError(fmt::format("study: '{}' is computed by one process, and {} were started", config_.study.type(),
                                    place.group->size()));
    RunSetup setup{config_.checkpoint.keep, std::nullopt, place.quiet, nullptr};
    setup.pause_after = place.pause_after;
    return std::make_unique<Run>(std::make_unique<StudyComputation>(config_, place.device), std::move(recorder),
                                 std::move(setup));
  }

 private:
  StudyConfig config_;
  distributed::DistributedOptions alone_;
};

}  // namespace

std::unique_ptr<RunRecipe> parse_recipe(const config::Value& root) {
  refuse_mixed_keys(root);
  if (root.find("study")) return std::make_unique<StudyRecipe>(config::parse<StudyConfig>(root));
  return std::make_unique<TrainingRecipe>(config::parse<RunConfig>(root));
}

RunConfig parse_training(const config::Value& root) {
  refuse_mixed_keys(root);
  if (const config::Value* study = root.find("study"))
    config::fail(study->where, "this is a study; commands such as this one are for trainings ('task:')");
  return config::parse<RunConfig>(root);
}

std::vector<config::OptionInfo> configuration_options() {
  RunConfig training;
  StudyConfig study;
  std::vector<config::OptionInfo> options = config::describe(config::fields_of(training));
  const std::vector<std::string> of_studies = foreign_keys().of_studies;
  for (config::OptionInfo& option : config::describe(config::fields_of(study)))
    if (std::find(of_studies.begin(), of_studies.end(), option.name) != of_studies.end())
      options.push_back(std::move(option));
  return options;
}

nlohmann::json configuration_schema() {
  RunConfig training;
  StudyConfig study;
  nlohmann::json schema = config::fields_of(training).schema(), other = config::fields_of(study).schema();
  const auto requirement = [](const nlohmann::json& kind, const std::vector<std::string>& foreign) {
    // A file that extends another need not say everything itself.
    nlohmann::json one = {{"if", {{"not", {{"required", {"extends"}}}}}},
                          {"then", {{"required", kind.at("required")}}}};
    for (const std::string& key : foreign) one["properties"][key] = false;
    return one;
  };
  const ForeignKeys foreign = foreign_keys();
  schema["if"] = {{"required", {"study"}}};
  schema["then"] = requirement(other, foreign.of_trainings);
  schema["else"] = requirement(schema, foreign.of_studies);
  schema.erase("required");
  for (const auto& [name, property] : other.at("properties").items())
    if (!schema.at("properties").contains(name)) schema["properties"][name] = property;
  return schema;
}

}  // namespace talweg
