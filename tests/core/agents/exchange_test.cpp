// What agents exchange by: graphs, links that lose and delay, and the averaging of parameters.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "complaint.h"
#include "core/agents/gossip.h"
#include "core/agents/link_history.h"
#include "core/agents/links.h"
#include "core/agents/quadratic_team.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"

namespace talweg::agents {
namespace {

using testing::complaint;
using testing::TemporaryFolder;

/// Numbers of all agents after `rounds` rounds in which nothing is lost.
std::vector<double> averaged(const Graph& graph, std::vector<double> values, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> next;
    for (std::int64_t i = 0; i < graph.size(); ++i) {
      std::vector<Message> heard;
      for (const std::int64_t j : graph.neighbours(i))
        heard.push_back({j, i, round, number(values[static_cast<std::size_t>(j)])});
      const std::vector<at::Tensor> own = number(values[static_cast<std::size_t>(i)]);
      Gossip().hear(own, {graph, i, heard});
      next.push_back(own[0].item<double>());
    }
    values = next;
  }
  return values;
}

TEST(Graph, HasTheNeighboursOfItsShape) {
  EXPECT_EQ(Graph(5, Shape::ring).neighbours(0), (std::vector<std::int64_t>{1, 4}));
  EXPECT_EQ(Graph(2, Shape::ring).degree(0), 1) << "two agents have one link";
  EXPECT_EQ(Graph(4, Shape::complete).degree(2), 3);
  EXPECT_EQ(Graph(4, Shape::path).degree(0), 1);
  EXPECT_EQ(Graph(4, Shape::star).degree(0), 3);
  EXPECT_EQ(Graph(1, Shape::complete).degree(0), 0);
}

TEST(Graph, NamesEdgesThatMakeNoSense) {
  EXPECT_NE(complaint([] { Graph(3, {{0, 3}}); }).find("[0, 3]"), std::string::npos);
  EXPECT_NE(complaint([] { Graph(3, {{1, 1}}); }).find("itself"), std::string::npos);
  EXPECT_NE(complaint([] { Graph(3, {{0, 1}, {1, 0}}); }).find("twice"), std::string::npos);
}

TEST(Graph, KnowsItsParts) {
  EXPECT_EQ(Graph(5, Shape::path).components().size(), 1u);
  EXPECT_EQ(Graph(5, {{0, 2}, {3, 4}}).components(), (std::vector<std::vector<std::int64_t>>{{0, 2}, {1}, {3, 4}}));
}

// The Metropolis weights of a ring are 1/3, and its waves of m periods are eigenvectors with (1 + 2 cos 2πm/K)/3.
TEST(Averaging, ShrinksTheWavesOfARingByTheirEigenvalues) {
  constexpr std::int64_t agents = 7;
  const Graph ring(agents, Shape::ring);
  for (const int periods : {0, 1, 2, 3}) {
    const auto wave = [&](std::int64_t i) {
      return std::cos(2 * std::numbers::pi * static_cast<double>(periods * i) / agents);
    };
    std::vector<double> start;
    for (std::int64_t i = 0; i < agents; ++i) start.push_back(wave(i));
    const double eigenvalue = (1 + 2 * std::cos(2 * std::numbers::pi * periods / agents)) / 3;
    const std::vector<double> end = averaged(ring, start, 5);
    for (std::int64_t i = 0; i < agents; ++i)
      EXPECT_NEAR(end[static_cast<std::size_t>(i)], std::pow(eigenvalue, 5) * wave(i), 1e-14) << periods;
  }
}

TEST(Averaging, MakesAllEqualInOneRoundWhereAllAreLinked) {
  for (const double value : averaged(Graph(4, Shape::complete), {1, 2, 3, 10}, 1)) EXPECT_DOUBLE_EQ(value, 4);
}

TEST(Averaging, KeepsTheMeanOnAGraphOfUnequalDegrees) {
  double sum = 0;
  for (const double value : averaged(Graph(5, Shape::star), {5, -1, 2, 0.5, 3}, 3)) sum += value;
  EXPECT_NEAR(sum, 9.5, 1e-13);
}

TEST(Averaging, LeavesTheWeightOfTheUnheardWithTheAgentAndTakesTheNewest) {
  const Graph ring(4, Shape::ring);  // weights 1/3
  const std::vector<at::Tensor> own = number(3);
  Gossip().hear(own, {ring, 0, {{1, 0, 5, number(6)}, {1, 0, 4, number(600)}}});
  EXPECT_NEAR(own[0].item<double>(), 3 * 2.0 / 3 + 6.0 / 3, 1e-15);
  Gossip().hear(own, {ring, 0, {}});
  EXPECT_NEAR(own[0].item<double>(), 4, 1e-15);
}

Message message(std::int64_t from, std::int64_t round, double value) {
  return {from, 0, round, number(value)};
}

LinkOptions losing(double drop) {
  LinkOptions options;
  options.drop = drop;
  return options;
}

LinkOptions late(double drop, std::int64_t delay) {
  LinkOptions options = losing(drop);
  options.delay = delay;
  return options;
}

TEST(Links, CarryMessagesInTheRoundThatTheirDelaySays) {
  Links links(Graph(3, Shape::path), late(0, 2), RandomStreams(1));
  links.begin(0);
  links.send(message(1, 0, 7));
  EXPECT_TRUE(links.receive(0, 0).empty());
  EXPECT_TRUE(links.receive(1, 0).empty());
  const std::vector<Message> arrived = links.receive(2, 0);
  ASSERT_EQ(arrived.size(), 1u);
  EXPECT_EQ(arrived[0].from, 1);
  EXPECT_EQ(arrived[0].sent, 0);
  EXPECT_EQ(arrived[0].parameters[0].item<double>(), 7);
  EXPECT_TRUE(links.receive(2, 0).empty()) << "it is handed out once";
  EXPECT_EQ(links.receive(2, 2).size(), 1u);
}

/// Of two agents: rounds in which the one's message was lost, the other's, and both.
struct Losses {
  int one_way = 0, back = 0, both = 0, runs = 0;  // runs: sequences of rounds in which the one's is lost
};
Losses losses_of(const LinkOptions& options, int rounds) {
  Links links(Graph(2, Shape::path), options, RandomStreams(2));
  Losses losses;
  bool was_lost = false;
  for (int round = 0; round < rounds; ++round) {
    links.begin(round);
    for (const int from : {0, 1}) links.send(message(from, round, 0));
    const bool there = links.receive(round, 1).empty(), back = links.receive(round, 0).empty();
    losses.one_way += there;
    losses.back += back;
    losses.both += there && back;
    losses.runs += there && !was_lost;
    was_lost = there;
  }
  return losses;
}

TEST(Links, LoseMessagesAsOftenAsTheyAreToldInEachDirectionByItself) {
  constexpr int rounds = 4000;
  const Losses losses = losses_of(losing(0.3), rounds);
  EXPECT_NEAR(losses.one_way, 0.3 * rounds, 3 * std::sqrt(0.21 * rounds));
  EXPECT_NEAR(losses.both, 0.09 * rounds, 3 * std::sqrt(0.09 * 0.91 * rounds));
}

TEST(Links, LoseBothDirectionsTogetherWhereTheLinkFails) {
  LinkOptions options = losing(0.5);
  options.drop_by = DropBy::link;
  constexpr int rounds = 2000;
  const Losses losses = losses_of(options, rounds);
  EXPECT_NEAR(losses.one_way, 0.5 * rounds, 3 * std::sqrt(0.25 * rounds));
  EXPECT_EQ(losses.both, losses.one_way);
  EXPECT_EQ(losses.both, losses.back);
}

// Gilbert and Elliott: outages take the share b/(b + e) of the time, and last 1/e rounds.
TEST(Links, LoseMessagesInBursts) {
  LinkOptions options;
  options.bursts = {0.05, 0.2, 1};
  constexpr int rounds = 8000;
  const Losses losses = losses_of(options, rounds);
  EXPECT_NEAR(losses.one_way, 0.2 * rounds, 0.2 * 0.2 * rounds);
  EXPECT_NEAR(static_cast<double>(losses.one_way) / losses.runs, 5, 0.6);
  EXPECT_NE(losses.both, losses.one_way) << "each direction has outages of its own";
}

TEST(Links, CarryNothingAgainstAOneWayLink) {
  LinkOptions options;
  options.one_way = {{1, 0}};
  const Losses losses = losses_of(options, 50);
  EXPECT_EQ(losses.one_way, 50) << "from 0 to 1";
  EXPECT_EQ(losses.back, 0);
}

TEST(Links, AreOpenInEverySoManyThRound) {
  LinkOptions options;
  options.period = 3;
  Links links(Graph(2, Shape::path), options, RandomStreams(1));
  for (int round = 0; round < 7; ++round) {
    links.begin(round);
    links.send(message(0, round, round));
    EXPECT_EQ(links.receive(round, 1).size(), round % 3 == 0 ? 1u : 0u);
  }
  EXPECT_EQ(links.sent(), 3);
}

// Eight bytes at three a round are three rounds, in which nothing else is sent.
TEST(Links, OfLittleBandwidthAreBusyForAWhile) {
  LinkOptions options;
  options.bandwidth = 3;
  Links links(Graph(2, Shape::path), options, RandomStreams(1));
  std::vector<std::int64_t> arrivals, sent;
  for (int round = 0; round < 7; ++round) {
    links.begin(round);
    links.send(message(0, round, round));
    for (const Message& arrived : links.receive(round, 1)) {
      arrivals.push_back(round);
      sent.push_back(arrived.sent);
    }
  }
  EXPECT_EQ(arrivals, (std::vector<std::int64_t>{2, 5}));
  EXPECT_EQ(sent, (std::vector<std::int64_t>{0, 3})) << "the newest there was when the link was free";
  EXPECT_EQ(links.waited(), 4);
}

TEST(Links, SpreadDelaysByChance) {
  LinkOptions options;
  options.delay = 1;
  options.delay_spread = 2;
  Links links(Graph(2, Shape::path), options, RandomStreams(1));
  int counts[4] = {};
  for (int round = 0; round < 900; ++round) {
    links.begin(round);
    if (round < 890) links.send(message(0, round, 0));
    for (const Message& arrived : links.receive(round, 1)) ++counts[round - arrived.sent];
  }
  EXPECT_EQ(counts[0], 0);
  for (const int delay : {1, 2, 3}) EXPECT_NEAR(counts[delay], 890 / 3.0, 50);
}

TEST(Links, AreThoseOfTheRound) {
  GraphSchedule graphs(Graph(3, Shape::path));
  graphs.change(2, Graph(3, {{0, 2}}));
  Links links(graphs, {}, RandomStreams(1));
  for (int round = 0; round < 3; ++round) {
    links.begin(round);
    for (const int from : {0, 1, 2}) links.send(message(from, round, from));
    const std::vector<Message> heard = links.receive(round, 0);
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(heard[0].from, round < 2 ? 1 : 2);
  }
  EXPECT_NE(complaint([&] { graphs.change(2, Graph(3, Shape::ring)); }).find("ascend"), std::string::npos);
  EXPECT_EQ(graphs.all().degree(0), 2);
}

TEST(Links, KnowTheAgeOfEveryCopy) {
  Links links(Graph(2, Shape::path), {}, RandomStreams(1));
  links.begin(0);
  EXPECT_EQ(links.record().ages[0], (std::array<std::int64_t, 3>{1, 0, -1}));
  links.send(message(1, 0, 0));
  links.receive(0, 0);
  for (int round = 1; round < 4; ++round) {
    links.begin(round);
    EXPECT_EQ(links.record().ages[0], (std::array<std::int64_t, 3>{1, 0, round})) << "it grows by one a round";
  }
}

TEST(Links, GoOnFromTheirState) {
  const Graph graph(3, Shape::complete);
  LinkOptions options = late(0.3, 1);
  options.delay_spread = 2;
  options.bursts = {0.3, 0.3, 1};
  options.bandwidth = 5;
  Links whole(graph, options, RandomStreams(4));
  const auto advance = [](Links& links, int round) {
    links.begin(round);
    for (const int from : {0, 1, 2}) links.send(message(from, round, 10 * round + from));
    std::vector<std::vector<Message>> heard;
    for (const int to : {0, 1, 2}) heard.push_back(links.receive(round, to));
    return heard;
  };
  for (int round = 0; round < 6; ++round) advance(whole, round);
  Links resumed(graph, options, RandomStreams(4));
  resumed.load(whole.state());
  for (int round = 6; round < 14; ++round) {
    const auto a = advance(whole, round), b = advance(resumed, round);
    for (std::size_t to = 0; to < 3; ++to) {
      ASSERT_EQ(a[to].size(), b[to].size());
      for (std::size_t i = 0; i < a[to].size(); ++i) {
        EXPECT_EQ(a[to][i].from, b[to][i].from);
        EXPECT_TRUE(at::equal(a[to][i].parameters[0], b[to][i].parameters[0]));
      }
    }
    EXPECT_EQ(whole.record().ages, resumed.record().ages);
    EXPECT_EQ(whole.record().lost, resumed.record().lost);
  }
  EXPECT_EQ(whole.waited(), resumed.waited());
}

TEST(LinkHistory, IsCutBackWhereARunGoesOn) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "links.jsonl";
  {
    LinkHistory history(file, 0);
    for (int round = 0; round < 5; ++round)
      history.add({round, {{0, 1}}, {}, {{1, 0, round}}, {{1, 0, 0}, {0, 1, -1}}});
  }
  {
    LinkHistory history(file, 3);
    history.add({3, {}, {}, {}, {{1, 0, 1}, {0, 1, 0}}});
  }
  const std::vector<LinkRecord> records = LinkHistory::read(file);
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[2].lost.size(), 1u);
  EXPECT_TRUE(records[3].lost.empty());
  const std::vector<plot::Figure> figures = make_link_figures(records);
  ASSERT_EQ(figures.size(), 1u);
  EXPECT_EQ(figures[0].heat_map.row_labels, (std::vector<std::string>{"0 → 1", "1 → 0"}));
  EXPECT_TRUE(std::isnan(figures[0].heat_map.values[0][2])) << "nothing arrived yet";
  EXPECT_EQ(figures[0].heat_map.values[1][3], 1);
}

}  // namespace
}  // namespace talweg::agents
