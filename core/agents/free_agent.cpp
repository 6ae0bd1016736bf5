#include "core/agents/free_agent.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::agents {

FreeAgent::FreeAgent(const AgentsConfig& config, std::int64_t agent, std::uint32_t configuration,
                     std::unique_ptr<MailBox> mail_box, at::Device device)
    : options_(config.agents),
      agent_(agent),
      format_{configuration},
      graphs_(make_graphs(config.agents)),
      mail_box_(std::move(mail_box)) {
  if (agent < 0 || agent >= options_.count)
    throw ConfigError(fmt::format("there is no agent {}; they are 0 to {}", agent, options_.count - 1));
  auto place = std::make_unique<AgentPlace>(agent, options_, RandomStreams(static_cast<std::uint64_t>(config.seed)));
  place_ = place.get();
  training_ = std::make_unique<Training>(config, device, std::move(place));
  for (const NamedParameter& parameter : training_->parameters()) parameters_.push_back(parameter.tensor);
}

void FreeAgent::keep_in(const std::filesystem::path& folder) {
  training_->keep_in(folder);
  history_file_ = folder / "links.jsonl";
  history_.emplace(history_file_, next_round_);
}

std::string FreeAgent::announcement() const {
  std::string text = fmt::format("agent {} of {} by itself, which looks for the others after every {} steps", agent_,
                                 options_.count, options_.every);
  if (const std::string line = place_->consensus().announcement(); !line.empty()) text += "; " + line;
  if (place_->consensus().relies_on_pairs())
    text += fmt::format(
        "; warning: '{}' relies on both ends of a link hearing each other in the same round, which processes of their "
        "own do not; averaging, federated_average, dsgd, macim and 'dual: none' stand it",
        options_.consensus.type());
  if (const std::string of_training = training_->announcement(); !of_training.empty()) text += "; " + of_training;
  return text;
}

void FreeAgent::step(std::int64_t index) {
  training_->step(index);
  if ((index + 1) % options_.every != 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (last_exchange_ && std::chrono::duration<double>(now - *last_exchange_).count() < options_.least_seconds) return;
  last_exchange_ = now;
  exchange(next_round_);
}

void FreeAgent::exchange(std::int64_t round) {
  torch::NoGradGuard no_grad;
  const Graph& graph = graphs_.at(round);
  Message own;
  own.from = agent_;
  own.sent = round;
  own.parameters = parameters_;
  own.beside = place_->consensus().beside();
  mail_box_->publish(encode_snapshot(own, format_));
  LinkRecord record;
  record.round = round;
  const std::vector<Message> heard = look(round, graph, record);
  place_->consensus().hear(parameters_, {graph, agent_, heard});
  for (const std::int64_t neighbour : graph.neighbours(agent_)) {
    const auto known = last_heard_.find(neighbour);
    record.ages.push_back({neighbour, agent_, known == last_heard_.end() ? -1 : round - known->second});
  }
  next_round_ = round + 1;
  if (history_) history_->add(record);
}

std::vector<Message> FreeAgent::look(std::int64_t round, const Graph& graph, LinkRecord& record) {
  std::vector<Message> heard;
  for (const std::int64_t neighbour : graph.neighbours(agent_)) {
    const std::optional<std::string> bytes = mail_box_->newer(neighbour);
    if (!bytes) continue;
    try {
      Message message = decode_snapshot(*bytes, format_, neighbour, parameters_);
      for (auto* list : {&message.parameters, &message.beside})
        for (at::Tensor& tensor : *list) tensor = tensor.to(parameters_.front().device());
      record.arrived.push_back({neighbour, agent_, message.sent});
      // An agent that came back from its checkpoint counts rounds anew; what was left last is the newest.
      message.to = agent_;
      message.sent = round;
      last_heard_[neighbour] = round;
      ++heard_;
      heard.push_back(std::move(message));
    } catch (const SnapshotDefect& defect) {
      reject(neighbour, defect.what);
    }
  }
  return heard;
}

void FreeAgent::reject(std::int64_t sender, const std::string& reason) {
  if (rejected_[fmt::format("agent {}: {}", sender, reason)]++ == 0)
    fmt::print(stderr, "talweg: agent {}: a snapshot of agent {} was rejected: {}\n", agent_, sender, reason);
}

Metrics FreeAgent::record() {
  Metrics values = training_->record();
  for (auto& metric : place_->consensus().metrics()) values.push_back(std::move(metric));
  return values;
}

Metrics FreeAgent::evaluate() {
  double age = 0, rejected = 0;
  const std::vector<std::int64_t>& neighbours =
      graphs_.at(std::max<std::int64_t>(0, next_round_ - 1)).neighbours(agent_);
  for (const std::int64_t neighbour : neighbours) {
    const auto known = last_heard_.find(neighbour);
    age += static_cast<double>(known == last_heard_.end() ? next_round_ : next_round_ - 1 - known->second);
  }
  for (const auto& [reason, count] : rejected_) rejected += static_cast<double>(count);
  Metrics values{{"agents/copy_age", neighbours.empty() ? 0 : age / static_cast<double>(neighbours.size())},
                 {"agents/rejected", rejected}};
  for (auto& metric : training_->evaluate()) values.push_back(std::move(metric));
  return values;
}

void FreeAgent::save(checkpoint::Checkpoint& state) const {
  training_->save(state);
  checkpoint::State consensus = place_->consensus().state();
  if (!consensus.tensors.empty()) state.tensors["consensus"] = std::move(consensus.tensors);
  state.values["consensus"] = std::move(consensus.values);
  nlohmann::json& agent = state.values["agent"];
  agent["next_round"] = next_round_;
  agent["heard"] = heard_;
  agent["last_heard"] = nlohmann::json::array();
  for (const auto& [neighbour, round] : last_heard_) agent["last_heard"].push_back({neighbour, round});
}

void FreeAgent::load(const checkpoint::Checkpoint& state) {
  training_->load(state);
  const auto tensors = state.tensors.find("consensus");
  place_->consensus().load(
      {tensors == state.tensors.end() ? checkpoint::NamedTensors() : tensors->second, state.values.at("consensus")});
  const nlohmann::json& agent = state.values.at("agent");
  next_round_ = agent.at("next_round").get<std::int64_t>();
  heard_ = agent.at("heard").get<std::int64_t>();
  last_heard_.clear();
  for (const nlohmann::json& item : agent.at("last_heard"))
    last_heard_[item.at(0).get<std::int64_t>()] = item.at(1).get<std::int64_t>();
}

void FreeAgent::keep_result(checkpoint::Checkpoint& state) const {
  training_->keep_result(state);
  state.tensors.erase("consensus");
}

nlohmann::json FreeAgent::remarks() const {
  nlohmann::json remarks = training_->remarks();
  remarks["snapshots"] = {{"rounds", next_round_}, {"heard", heard_}, {"rejected", rejected_}};
  return remarks;
}

std::vector<plot::Figure> FreeAgent::figures(const std::vector<metrics::Record>& records) {
  std::vector<plot::Figure> all = training_->figures(records);
  if (history_)
    for (plot::Figure& figure : make_link_figures(LinkHistory::read(history_file_))) all.push_back(std::move(figure));
  return all;
}

}  // namespace talweg::agents
