#include "core/agents/links.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/agents/saved_tensors.h"
#include "core/libtorch.h"

namespace talweg::agents {
namespace {

std::int64_t bytes_of(const Message& message) {
  std::int64_t bytes = 0;
  for (const auto* list : {&message.parameters, &message.beside})
    for (const at::Tensor& tensor : *list) bytes += static_cast<std::int64_t>(tensor.nbytes());
  return bytes;
}

nlohmann::json to_json(const std::map<LinkDirection, std::int64_t>& rounds) {
  nlohmann::json json = nlohmann::json::array();
  for (const auto& [direction, round] : rounds) json.push_back({direction.first, direction.second, round});
  return json;
}

std::map<LinkDirection, std::int64_t> rounds_from(const nlohmann::json& json) {
  std::map<LinkDirection, std::int64_t> rounds;
  for (const nlohmann::json& item : json)
    rounds[{item.at(0).get<std::int64_t>(), item.at(1).get<std::int64_t>()}] = item.at(2).get<std::int64_t>();
  return rounds;
}

}  // namespace

void declare(config::Fields& f, BurstOptions& o) {
  f("begin", o.begin, "probability that an outage begins on a link, in every round", config::at_least(0),
    config::at_most(1));
  f("end", o.end, "probability that an outage ends, in every round", config::above(0), config::at_most(1));
  f("drop", o.drop, "probability that a message is lost in an outage", config::at_least(0), config::at_most(1));
}

void declare(config::Fields& f, LinkOptions& o) {
  f("drop", o.drop, "probability that a message is lost, outside of outages", config::at_least(0), config::at_most(1));
  f("drop_by", o.drop_by, "whether each direction of a link loses messages by itself, or both in the same rounds");
  f("bursts", o.bursts, "outages that last for some rounds (Gilbert and Elliott)");
  f("delay", o.delay, "rounds that a message is under way", config::at_least(0));
  f("delay_spread", o.delay_spread, "up to so many rounds more, by chance", config::at_least(0));
  f("period", o.period, "links carry messages in every so many-th round", config::at_least(1));
  f("bandwidth", o.bandwidth,
    "bytes that a direction of a link carries in a round; a longer message takes several, in which no other begins",
    config::at_least(1));
  f("one_way", o.one_way, "pairs [from, to]: links that carry nothing the other way");
}

bool are_one_sided(const LinkOptions& o) {
  const bool loses = o.drop > 0 || o.bursts.has_value();
  return (loses && o.drop_by == DropBy::direction) || o.delay_spread > 0 || !o.one_way.empty();
}

Links::Links(GraphSchedule graphs, const LinkOptions& options, const RandomStreams& streams, at::Device device)
    : graphs_(std::move(graphs)), options_(options), streams_(streams), device_(device) {
  for (const std::vector<std::int64_t>& pair : options_.one_way) silent_.emplace(pair.at(1), pair.at(0));
}

double Links::uniform(const char* purpose, std::int64_t round, LinkDirection direction) const {
  const std::int64_t place = (round * graphs_.size() + direction.first) * graphs_.size() + direction.second;
  return streams_.generator(purpose, static_cast<std::uint64_t>(place)).uniform();
}

LinkDirection Links::fate_of(LinkDirection direction) const {
  if (options_.drop_by == DropBy::link && direction.first > direction.second)
    std::swap(direction.first, direction.second);
  return direction;
}

void Links::begin(std::int64_t round) {
  round_ = round;
  record_ = {};
  record_.round = round;
  if (!options_.bursts) return;
  for (std::int64_t from = 0; from < graphs_.size(); ++from)
    for (const std::int64_t to : graph(round).neighbours(from)) {
      const LinkDirection fate = fate_of({from, to});
      if (fate.first != from) continue;  // decided already
      const double chance = uniform("link outages", round, fate);
      if (bad_.contains(fate) ? chance < options_.bursts->end : chance < options_.bursts->begin) {
        if (!bad_.erase(fate)) bad_.insert(fate);
      }
    }
}

bool Links::is_lost(std::int64_t round, LinkDirection direction, double by_direction) const {
  if (silent_.contains(direction)) return true;
  const LinkDirection fate = fate_of(direction);
  const double drop = bad_.contains(fate) ? options_.bursts->drop : options_.drop;
  const double chance = options_.drop_by == DropBy::link ? uniform("link losses", round, fate) : by_direction;
  return chance < drop;
}

void Links::send(const Message& message) {
  const std::int64_t round = message.sent, from = message.from;
  RandomGenerator generator = streams_.generator("links", static_cast<std::uint64_t>(round * graphs_.size() + from));
  const bool open = round % options_.period == 0;
  for (const std::int64_t to : graph(round).neighbours(from)) {
    const double chance = generator.uniform();  // drawn in any case, so that those of other links stay what they are
    if (!open) continue;
    const LinkDirection direction{from, to};
    std::int64_t arrives = round + options_.delay;
    if (options_.bandwidth) {
      std::int64_t& free = busy_until_[direction];
      if (round < free) {
        ++waited_;
        record_.waiting.push_back(direction);
        continue;
      }
      const std::int64_t rounds =
          std::max<std::int64_t>(1, (bytes_of(message) + *options_.bandwidth - 1) / *options_.bandwidth);
      free = round + rounds;
      arrives += rounds - 1;
    }
    if (options_.delay_spread > 0)
      arrives += static_cast<std::int64_t>(uniform("link delays", round, direction) *
                                           static_cast<double>(options_.delay_spread + 1));
    ++sent_;
    if (is_lost(round, direction, chance)) {
      ++lost_;
      record_.lost.push_back(direction);
      continue;
    }
    under_way_.push_back({message, arrives});
    under_way_.back().message.to = to;
  }
}

std::vector<Message> Links::receive(std::int64_t round, std::int64_t to) {
  std::vector<Message> arrived;
  const auto arrives = [&](const UnderWay& item) { return item.message.to == to && item.arrives <= round; };
  for (const UnderWay& item : under_way_)
    if (arrives(item)) arrived.push_back(item.message);
  std::erase_if(under_way_, arrives);
  std::stable_sort(arrived.begin(), arrived.end(), [](const Message& a, const Message& b) { return a.from < b.from; });
  for (const Message& message : arrived) {
    record_.arrived.push_back({message.from, to, message.sent});
    const auto known = newest_.try_emplace({message.from, to}, message.sent).first;
    known->second = std::max(known->second, message.sent);
  }
  return arrived;
}

LinkRecord Links::record() const {
  LinkRecord record = record_;
  for (std::int64_t to = 0; to < graphs_.size(); ++to)
    for (const std::int64_t from : graph(round_).neighbours(to)) {
      const auto known = newest_.find({from, to});
      record.ages.push_back({from, to, known == newest_.end() ? -1 : round_ - known->second});
    }
  return record;
}

double Links::mean_age() const {
  if (round_ < 0) return 0;
  double sum = 0, count = 0;
  for (const auto& age : record().ages) {
    sum += static_cast<double>(age[2] < 0 ? round_ + 1 : age[2]);
    ++count;
  }
  return count > 0 ? sum / count : 0;
}

checkpoint::State Links::state() const {
  checkpoint::State state;
  state.values = {{"sent", sent_},
                  {"lost", lost_},
                  {"waited", waited_},
                  {"round", round_},
                  {"bad", bad_},
                  {"busy", to_json(busy_until_)},
                  {"newest", to_json(newest_)},
                  {"under_way", nlohmann::json::array()}};
  for (std::size_t i = 0; i < under_way_.size(); ++i) {
    const Message& message = under_way_[i].message;
    state.values["under_way"].push_back(
        {{"from", message.from}, {"to", message.to}, {"round", message.sent}, {"arrives", under_way_[i].arrives}});
    save_tensors(state, fmt::format("message_{}/parameters", i), message.parameters);
    save_tensors(state, fmt::format("message_{}/beside", i), message.beside);
  }
  return state;
}

void Links::load(const checkpoint::State& state) {
  sent_ = state.values.at("sent").get<std::int64_t>();
  lost_ = state.values.at("lost").get<std::int64_t>();
  waited_ = state.values.at("waited").get<std::int64_t>();
  round_ = state.values.at("round").get<std::int64_t>();
  bad_ = state.values.at("bad").get<std::set<LinkDirection>>();
  busy_until_ = rounds_from(state.values.at("busy"));
  newest_ = rounds_from(state.values.at("newest"));
  record_ = {};
  record_.round = round_;
  under_way_.clear();
  for (const nlohmann::json& item : state.values.at("under_way")) {
    const std::size_t i = under_way_.size();
    under_way_.push_back(
        {{item.at("from").get<std::int64_t>(), item.at("to").get<std::int64_t>(), item.at("round").get<std::int64_t>(),
          load_tensors(state, fmt::format("message_{}/parameters", i), device_),
          load_tensors(state, fmt::format("message_{}/beside", i), device_)},
         item.at("arrives").get<std::int64_t>()});
  }
}

}  // namespace talweg::agents
