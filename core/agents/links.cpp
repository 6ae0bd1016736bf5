#include "core/agents/links.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/libtorch.h"

namespace talweg::agents {

void declare(config::Fields& f, LinkOptions& o) {
  f("drop", o.drop, "probability that a message is lost, in each direction by itself", config::at_least(0),
    config::at_most(1));
  f("delay", o.delay, "rounds that a message is under way", config::at_least(0));
}

Links::Links(Graph graph, const LinkOptions& options, const RandomStreams& streams)
    : graph_(std::move(graph)), options_(options), streams_(streams) {}

void Links::send(std::int64_t round, std::int64_t from, const std::vector<at::Tensor>& parameters) {
  RandomGenerator generator = streams_.generator("links", static_cast<std::uint64_t>(round * graph_.size() + from));
  for (const std::int64_t to : graph_.neighbours(from)) {
    ++sent_;
    if (generator.uniform() < options_.drop)
      ++lost_;
    else
      under_way_.push_back({from, to, round, parameters});
  }
}

std::vector<Message> Links::receive(std::int64_t round, std::int64_t to) {
  std::vector<Message> arrived;
  const auto arrives = [&](const Message& message) {
    return message.to == to && message.sent + options_.delay <= round;
  };
  for (Message& message : under_way_)
    if (arrives(message)) arrived.push_back(message);
  std::erase_if(under_way_, arrives);
  std::stable_sort(arrived.begin(), arrived.end(), [](const Message& a, const Message& b) { return a.from < b.from; });
  return arrived;
}

checkpoint::State Links::state() const {
  checkpoint::State state;
  state.values = {{"sent", sent_}, {"lost", lost_}, {"under_way", nlohmann::json::array()}};
  for (std::size_t i = 0; i < under_way_.size(); ++i) {
    const Message& message = under_way_[i];
    state.values["under_way"].push_back(
        {{"from", message.from}, {"to", message.to}, {"round", message.sent}, {"tensors", message.parameters.size()}});
    for (std::size_t k = 0; k < message.parameters.size(); ++k)
      state.add(fmt::format("message_{}/{}", i, k), message.parameters[k]);
  }
  return state;
}

void Links::load(const checkpoint::State& state) {
  sent_ = state.values.at("sent").get<std::int64_t>();
  lost_ = state.values.at("lost").get<std::int64_t>();
  under_way_.clear();
  for (const nlohmann::json& item : state.values.at("under_way")) {
    Message message{item.at("from").get<std::int64_t>(),
                    item.at("to").get<std::int64_t>(),
                    item.at("round").get<std::int64_t>(),
                    {}};
    for (std::size_t k = 0; k < item.at("tensors").get<std::size_t>(); ++k)
      message.parameters.push_back(state.require(fmt::format("message_{}/{}", under_way_.size(), k)).clone());
    under_way_.push_back(std::move(message));
  }
}

}  // namespace talweg::agents
