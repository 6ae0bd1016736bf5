#include "core/kinds/run_recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/agents/free_agent.h"
#include "core/agents/socket_mail_box.h"
#include "core/agents/team.h"
#include "core/error.h"
#include "core/files/yaml.h"
#include "core/io/crc32c.h"
#include "core/kinds/lasting_settings.h"
#include "core/kinds/mixed_keys.h"
#include "core/replicas/shared_training.h"
#include "core/study/study_computation.h"
#include "core/train/training.h"

namespace talweg {
namespace {

template <class Config>
config::Value as_value(Config config) {
  return config::fields_of(config).dump();
}

template <class Config>
std::string as_yaml(const Config& config) {
  return config::to_yaml(as_value(config));
}

void require_no_agent(const RunPlace& place) {
  if (place.agent) throw ConfigError("--agent is for configurations with agents ('agents: {count: 4}')");
}

/// `what`: the subject of the sentence.
void require_one_process(const RunPlace& place, const std::string& what) {
  if (place.group && place.group->size() > 1)
    throw ConfigError(fmt::format("{} is computed by one process, and {} were started", what, place.group->size()));
}

/// The configuration of one kind of run, with every mistake: keys of other kinds, and what is wrong with its own.
template <class Config>
Config parse_kind(const config::Value& root) {
  Config config;
  config::Diagnostics diagnostics;
  config::parse_into(without_mixed_keys(root, diagnostics), config, diagnostics);
  diagnostics.throw_if_any();
  return config;
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
    require_no_agent(place);
    RunSetup setup{config_.checkpoint.keep,
                   BestTracker(config_.checkpoint, config_.early_stopping),
                   place.quiet,
                   place.pause_after,
                   agreement_among(place.group),
                   lasting_settings(as_value(config_))};
    return std::make_unique<Run>(
        std::make_unique<Training>(config_, place.device, place_among(place.group, config_.distributed)),
        std::move(recorder), std::move(setup));
  }

 private:
  RunConfig config_;
};

class AgentsRecipe : public RunRecipe {
 public:
  explicit AgentsRecipe(agents::AgentsConfig config) : config_(std::move(config)) {}

  std::int64_t agents() const override { return config_.agents.count; }
  RunHeader& header() override { return config_; }
  const std::vector<Expectation>& expectations() const override { return config_.expect; }
  const distributed::DistributedOptions& distributed() const override { return config_.distributed; }
  std::string resolved() const override {
    // What agents have no use for is no part of their configuration.
    agents::AgentsConfig copy = config_;
    config::Value value = config::fields_of(copy).dump();
    std::erase_if(value.members, [](const config::Member& member) {
      return member.key == "distributed" || member.key == "weight_average";
    });
    return config::to_yaml(value);
  }
  std::unique_ptr<Run> make(std::unique_ptr<RunRecorder> recorder, const RunPlace& place) const override {
    require_one_process(place, "agents");
    RunSetup setup{config_.checkpoint.keep, BestTracker(config_.checkpoint, config_.early_stopping), place.quiet,
                   place.pause_after};
    setup.settings = lasting_settings(as_value(config_));
    return std::make_unique<Run>(computation(place), std::move(recorder), std::move(setup));
  }

 private:
  std::unique_ptr<Computation> computation(const RunPlace& place) const {
    if (!place.agent) return std::make_unique<agents::Team>(config_, place.device);
    return std::make_unique<agents::FreeAgent>(config_, *place.agent, io::crc32c(resolved()), mail_box(place),
                                               place.device);
  }

  std::unique_ptr<agents::MailBox> mail_box(const RunPlace& place) const {
    if (!config_.agents.addresses) return std::make_unique<agents::FolderMailBox>(place.mail, *place.agent);
    if (*place.agent >= config_.agents.count) return nullptr;  // refused with the agent itself
    std::vector<agents::AgentAddress> addresses;
    for (const std::string& address : *config_.agents.addresses) addresses.push_back(agents::parse_address(address));
    return std::make_unique<agents::SocketMailBox>(addresses, *place.agent);
  }

  agents::AgentsConfig config_;
};

class StudyRecipe : public RunRecipe {
 public:
  explicit StudyRecipe(StudyConfig config) : config_(std::move(config)) {}

  RunHeader& header() override { return config_; }
  const std::vector<Expectation>& expectations() const override { return config_.expect; }
  bool measures_from_the_start() const override { return false; }
  const distributed::DistributedOptions& distributed() const override { return alone_; }
  std::string resolved() const override { return as_yaml(config_); }
  std::unique_ptr<Run> make(std::unique_ptr<RunRecorder> recorder, const RunPlace& place) const override {
    require_no_agent(place);
    require_one_process(place, fmt::format("study: '{}'", config_.study.type()));
    RunSetup setup{config_.checkpoint.keep, std::nullopt, place.quiet, place.pause_after};
    setup.settings = lasting_settings(as_value(config_));
    return std::make_unique<Run>(std::make_unique<StudyComputation>(config_, place.device), std::move(recorder),
                                 std::move(setup));
  }

 private:
  StudyConfig config_;
  distributed::DistributedOptions alone_;
};

}  // namespace

std::unique_ptr<RunRecipe> parse_recipe(const config::Value& root) {
  if (root.find("study")) return std::make_unique<StudyRecipe>(parse_kind<StudyConfig>(root));
  if (root.find("agents")) return std::make_unique<AgentsRecipe>(parse_kind<agents::AgentsConfig>(root));
  return std::make_unique<TrainingRecipe>(parse_kind<RunConfig>(root));
}

RunConfig parse_training(const config::Value& root) {
  if (const config::Value* study = root.find("study"))
    config::fail(study->where, "this is a study; commands such as this one are for trainings ('task:')");
  return root.find("agents") ? RunConfig(parse_kind<agents::AgentsConfig>(root)) : parse_kind<RunConfig>(root);
}

std::vector<config::OptionInfo> configuration_options() {
  agents::AgentsConfig training;
  StudyConfig study;
  std::vector<config::OptionInfo> options = config::describe(config::fields_of(training));
  const std::vector<std::string> of_studies = foreign_keys().of_studies;
  for (config::OptionInfo& option : config::describe(config::fields_of(study)))
    if (std::find(of_studies.begin(), of_studies.end(), option.name) != of_studies.end())
      options.push_back(std::move(option));
  return options;
}

nlohmann::json configuration_schema() {
  agents::AgentsConfig training;
  StudyConfig study;
  nlohmann::json schema = config::fields_of(training).schema(), other = config::fields_of(study).schema();
  const auto requirement = [](const nlohmann::json& kind, const std::vector<std::string>& foreign) {
    nlohmann::json required = kind.at("required");
    std::erase(required.get_ref<nlohmann::json::array_t&>(), "agents");  // a training without them is one
    // A file that extends another need not say everything itself.
    nlohmann::json one = {{"if", {{"not", {{"required", {"extends"}}}}}}, {"then", {{"required", required}}}};
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
