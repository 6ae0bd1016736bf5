#include "core/agents/team.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "core/agents/team_figures.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "core/task/module_state.h"

namespace talweg::agents {
namespace {

std::string prefix_of(std::size_t agent) {
  return fmt::format("agent_{}/", agent);
}

/// Calls `work` for an agent; a failure names it.
template <class Work>
auto of_agent(std::size_t agent, const Work& work) {
  try {
    return work();
  } catch (const TrainingError& error) {
    throw TrainingError(fmt::format("agent {}: {}", agent, error.what()));
  }
}

/// The metrics of every agent under its prefix, then the means over those agents that have them, in the order of the
/// first.
Metrics with_means(const std::vector<Metrics>& of_agents) {
  Metrics values, means;
  std::map<std::string, std::int64_t> counts;
  for (std::size_t i = 0; i < of_agents.size(); ++i)
    for (const auto& [name, value] : of_agents[i]) {
      values.emplace_back(prefix_of(i) + name, value);
      if (counts[name]++ == 0) means.emplace_back(name, 0);
      std::find_if(means.begin(), means.end(), [&, &known = name](const auto& mean) {
        return mean.first == known;
      })->second += value;
    }
  for (auto& [name, sum] : means) values.emplace_back(name, sum / static_cast<double>(counts.at(name)));
  return values;
}

/// Copies of the parameters and buffers of models, averaged: those that are no floating-point numbers are the
/// first one's.
checkpoint::NamedTensors mean_of(const std::vector<checkpoint::NamedTensors>& models) {
  torch::NoGradGuard no_grad;
  checkpoint::NamedTensors mean;
  for (std::size_t k = 0; k < models.front().size(); ++k) {
    const auto& [name, first] = models.front()[k];
    at::Tensor sum = first.detach().to(first.is_floating_point() ? at::kDouble : first.scalar_type(), false, true);
    if (first.is_floating_point()) {
      for (std::size_t i = 1; i < models.size(); ++i) sum += models[i][k].second;
      sum = (sum / static_cast<double>(models.size())).to(first.scalar_type());
    }
    mean.emplace_back(name, sum);
  }
  return mean;
}

/// The model of an agent as a checkpoint has it, the very tensors.
checkpoint::Checkpoint model_of(Training& agent) {
  checkpoint::Checkpoint model;
  save_weights(agent.task(), model);
  return model;
}

/// The model whose weights are the mean of the agents', as a checkpoint has it.
checkpoint::Checkpoint mean_model_of(const std::vector<std::unique_ptr<Training>>& agents) {
  checkpoint::Checkpoint model = model_of(*agents.front());
  std::vector<checkpoint::NamedTensors> all;
  for (const auto& agent : agents) all.push_back(model_of(*agent).tensors.at("model"));
  model.tensors["model"] = mean_of(all);
  return model;
}

/// While it lives, an agent has the weights of another model.
class LentModel {
 public:
  LentModel(Training& agent, const checkpoint::Checkpoint& model) : agent_(agent), own_(model_of(agent)) {
    for (auto& item : own_.tensors.at("model")) item.second = item.second.detach().clone();
    load_weights(agent_.task(), model);
  }
  ~LentModel() { load_weights(agent_.task(), own_); }
  LentModel(const LentModel&) = delete;
  LentModel& operator=(const LentModel&) = delete;

 private:
  Training& agent_;
  checkpoint::Checkpoint own_;
};

}  // namespace

Team::Team(const AgentsConfig& config, at::Device device)
    : options_(config.agents),
      links_(make_graphs(config.agents), config.agents.links, RandomStreams(static_cast<std::uint64_t>(config.seed)),
             device) {
  const RandomStreams run(static_cast<std::uint64_t>(config.seed));
  for (std::int64_t i = 0; i < options_.count; ++i) {
    auto place = std::make_unique<AgentPlace>(i, options_, run);
    places_.push_back(place.get());
    agents_.push_back(std::make_unique<Training>(config, device, std::move(place)));
    parameters_.emplace_back();
    for (const NamedParameter& parameter : agents_.back()->parameters()) parameters_.back().push_back(parameter.tensor);
    steps_.push_back(agents_.back()->work().steps);
  }
}

Work Team::work() const {
  Work work;
  work.steps = *std::max_element(steps_.begin(), steps_.end());
  for (const auto& agent : agents_) {
    const Work own = agent->work();
    work.examples_per_step += own.examples_per_step;
    work.tokens_per_step += own.tokens_per_step;
    work.memory_bytes = own.memory_bytes;  // of the device that they share
  }
  return work;
}

Cadence Team::cadence() const {
  return agents_.front()->cadence();
}

void Team::keep_in(const std::filesystem::path& folder) {
  history_file_ = folder / "links.jsonl";
  history_.emplace(history_file_, next_round_);
}

double Team::epoch(std::int64_t step) const {
  return agents_.front()->epoch(step);
}

std::string Team::announcement() const {
  std::string text = fmt::format("{} agents exchange every {} steps", agents_.size(), options_.every);
  const std::vector<std::vector<std::int64_t>> components = make_graphs(options_).all().components();
  if (components.size() > 1) {
    text += fmt::format("; warning: the graph is not connected, and its {} parts never hear of each other:",
                        components.size());
    for (const auto& component : components) text += fmt::format(" {{{}}}", fmt::join(component, ", "));
  }
  if (const std::string line = places_.front()->consensus().announcement(); !line.empty()) text += "; " + line;
  if (places_.front()->consensus().relies_on_pairs() && are_one_sided(options_.links))
    text += fmt::format(
        "; warning: '{}' relies on both ends of a link hearing each other in the same round, and what is lost or late "
        "in one direction leads it astray; 'drop_by: link', or averaging, federated_average, dsgd, macim or 'dual: "
        "none'",
        options_.consensus.type());
  if (const std::string of_one = agents_.front()->announcement(); !of_one.empty()) text += "; each: " + of_one;
  return text;
}

void Team::require_sound(std::int64_t step) {
  for (std::size_t i = 0; i < agents_.size(); ++i) of_agent(i, [&] { agents_[i]->require_sound(step); });
}

void Team::step(std::int64_t index) {
  for (std::size_t i = 0; i < agents_.size(); ++i)
    if (index < steps_[i]) of_agent(i, [&] { agents_[i]->step(index); });
  if ((index + 1) % options_.every == 0) exchange((index + 1) / options_.every - 1);
}

void Team::exchange(std::int64_t round) {
  torch::NoGradGuard no_grad;
  links_.begin(round);
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    Message message;
    message.from = static_cast<std::int64_t>(i);
    message.sent = round;
    for (const at::Tensor& parameter : parameters_[i]) message.parameters.push_back(parameter.detach().clone());
    message.beside = places_[i]->consensus().beside();
    links_.send(message);
  }
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    const auto agent = static_cast<std::int64_t>(i);
    const std::vector<Message> heard = links_.receive(round, agent);
    places_[i]->consensus().hear(parameters_[i], {links_.graph(round), agent, heard});
  }
  next_round_ = round + 1;
  if (history_) history_->add(links_.record());
}

Metrics Team::record() {
  std::vector<Metrics> values;
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    values.push_back(of_agent(i, [&] { return agents_[i]->record(); }));
    for (auto& metric : places_[i]->consensus().metrics()) values.back().push_back(std::move(metric));
  }
  return with_means(values);
}

Metrics Team::evaluate() {
  std::vector<Metrics> of_agents;
  for (const auto& agent : agents_) of_agents.push_back(agent->evaluate());
  Metrics values = disagreement();
  {
    const LentModel mean(*agents_.front(), mean_model_of(agents_));
    for (const auto& [name, value] : agents_.front()->evaluate_model())
      values.emplace_back("mean_model/" + name.substr(name.find('/') + 1), value);
  }
  const Metrics all = with_means(of_agents);
  values.insert(values.end(), all.begin(), all.end());
  return values;
}

Metrics Team::disagreement() const {
  torch::NoGradGuard no_grad;
  const auto agents = static_cast<double>(agents_.size());
  double distance = 0, length = 0;
  for (std::size_t k = 0; k < parameters_.front().size(); ++k) {
    at::Tensor mean = at::zeros_like(parameters_.front()[k], at::kDouble);
    for (const auto& own : parameters_) mean += own[k];
    mean /= agents;
    for (const auto& own : parameters_) distance += (own[k].to(at::kDouble) - mean).square().sum().item<double>();
    length += mean.square().sum().item<double>();
  }
  const double lost = links_.sent() > 0 ? static_cast<double>(links_.lost()) / static_cast<double>(links_.sent()) : 0;
  return {{"agents/lost_share", lost},
          {"agents/copy_age", links_.mean_age()},
          {"agents/disagreement", length > 0 ? std::sqrt(distance / agents / length) : std::sqrt(distance / agents)}};
}

Metrics Team::measure() {
  std::vector<Metrics> values;
  for (std::size_t i = 0; i < agents_.size(); ++i) values.push_back(of_agent(i, [&] { return agents_[i]->measure(); }));
  return with_means(values);
}

double Team::last_loss() const {
  double sum = 0;
  for (const auto& agent : agents_) sum += agent->last_loss();
  return sum / static_cast<double>(agents_.size());
}

void Team::save(checkpoint::Checkpoint& state) const {
  const checkpoint::Checkpoint mean = mean_model_of(agents_);
  state.tensors["model"] = mean.tensors.at("model");
  state.values.insert(mean.values.begin(), mean.values.end());
  nlohmann::json values = nlohmann::json::array();
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    checkpoint::Checkpoint own;
    own.step = state.step;
    agents_[i]->save(own);
    for (auto& [group, tensors] : own.tensors) state.tensors[fmt::format("agent_{}_{}", i, group)] = std::move(tensors);
    checkpoint::State consensus = places_[i]->consensus().state();
    own.values["consensus"] = std::move(consensus.values);
    if (!consensus.tensors.empty()) state.tensors[fmt::format("agent_{}_consensus", i)] = std::move(consensus.tensors);
    values.push_back(own.values);
  }
  state.values["agents"] = values;
  state.values["next_round"] = next_round_;
  checkpoint::State links = links_.state();
  state.values["links"] = links.values;
  if (!links.tensors.empty()) state.tensors["links"] = std::move(links.tensors);
}

void Team::load(const checkpoint::Checkpoint& state) {
  const nlohmann::json& values = state.values.at("agents");
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    checkpoint::Checkpoint own;
    own.step = state.step;
    own.values = values.at(i).get<std::map<std::string, nlohmann::json>>();
    const std::string prefix = fmt::format("agent_{}_", i);
    for (const auto& [group, tensors] : state.tensors)
      if (group.starts_with(prefix)) own.tensors[group.substr(prefix.size())] = tensors;
    agents_[i]->load(own);
    places_[i]->consensus().load({own.tensors["consensus"], own.values.at("consensus")});
  }
  next_round_ = state.values.at("next_round").get<std::int64_t>();
  const auto tensors = state.tensors.find("links");
  links_.load(
      {tensors == state.tensors.end() ? checkpoint::NamedTensors() : tensors->second, state.values.at("links")});
}

void Team::keep_result(checkpoint::Checkpoint& state) const {
  for (std::size_t i = 0; i < agents_.size(); ++i)
    for (const char* of : {"optimizer", "consensus"}) state.tensors.erase(fmt::format("agent_{}_{}", i, of));
  state.tensors.erase("links");
}

void Team::count_lost_steps(const LostSteps& lost) {
  for (const auto& agent : agents_) agent->count_lost_steps(lost);
}

nlohmann::json Team::counts() const {
  std::int64_t examples = 0;
  for (const auto& agent : agents_) examples += agent->counts().at("examples").get<std::int64_t>();
  return {{"agents", agents_.size()},
          {"examples", examples},
          {"parameters", agents_.front()->counts().at("parameters")},
          {"messages_sent", links_.sent()},
          {"messages_lost", links_.lost()},
          {"messages_waited", links_.waited()}};
}

nlohmann::json Team::account() const {
  nlohmann::json all = nlohmann::json::object();
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    const nlohmann::json own = agents_[i]->account();
    if (!own.is_object()) continue;
    for (const auto& [section, members] : own.items()) all[prefix_of(i) + section] = members;
  }
  return all;
}

nlohmann::json Team::remarks() const {
  nlohmann::json of_agents = nlohmann::json::array();
  for (const auto& agent : agents_) of_agents.push_back(agent->counts());
  return {{"of_agents", of_agents}};
}

std::vector<plot::Figure> Team::figures(const std::vector<metrics::Record>& records) {
  std::vector<plot::Figure> all = make_team_figures(static_cast<std::int64_t>(agents_.size()), records);
  if (history_)
    for (plot::Figure& figure : make_link_figures(LinkHistory::read(history_file_))) all.push_back(std::move(figure));
  for (plot::Figure& figure : agents_.front()->figures({})) {
    figure.title += " (agent 0)";
    all.push_back(std::move(figure));
  }
  return all;
}

}  // namespace talweg::agents
