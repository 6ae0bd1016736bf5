// What agents exchange by: graphs, links that lose and delay, and the averaging of parameters.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "complaint.h"
#include "core/agents/averaging.h"
#include "core/agents/links.h"
#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::agents {
namespace {

using testing::complaint;

std::vector<at::Tensor> number(double value) {
  return {at::full({1}, value, at::kDouble)};
}

/// Numbers of all agents after `rounds` rounds in which nothing is lost.
std::vector<double> averaged(const Graph& graph, std::vector<double> values, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> next;
    for (std::int64_t i = 0; i < graph.size(); ++i) {
      std::vector<Message> heard;
      for (const std::int64_t j : graph.neighbours(i))
        heard.push_back({j, i, round, number(values[static_cast<std::size_t>(j)])});
      const std::vector<at::Tensor> own = number(values[static_cast<std::size_t>(i)]);
      Averaging({graph, i}).combine(own, heard);
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
  Averaging({ring, 0}).combine(own, {{1, 0, 5, number(6)}, {1, 0, 4, number(600)}});
  EXPECT_NEAR(own[0].item<double>(), 3 * 2.0 / 3 + 6.0 / 3, 1e-15);
  Averaging({ring, 0}).combine(own, {});
  EXPECT_NEAR(own[0].item<double>(), 4, 1e-15);
}

TEST(Links, CarryMessagesInTheRoundThatTheirDelaySays) {
  Links links(Graph(3, Shape::path), {0, 2}, RandomStreams(1));
  links.send(0, 1, number(7));
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

TEST(Links, LoseMessagesAsOftenAsTheyAreToldInEachDirectionByItself) {
  Links links(Graph(2, Shape::path), {0.3, 0}, RandomStreams(2));
  constexpr int rounds = 4000;
  int one_way = 0, both = 0;
  for (int round = 0; round < rounds; ++round) {
    for (const int from : {0, 1}) links.send(round, from, number(0));
    const bool there = links.receive(round, 1).empty(), back = links.receive(round, 0).empty();
    one_way += there;
    both += there && back;
  }
  EXPECT_NEAR(one_way, 0.3 * rounds, 4 * std::sqrt(0.21 * rounds));
  EXPECT_NEAR(both, 0.09 * rounds, 4 * std::sqrt(0.09 * 0.91 * rounds));
  EXPECT_EQ(links.sent(), 2 * rounds);
}

TEST(Links, GoOnFromTheirStateWithMessagesUnderWay) {
  const Graph graph(3, Shape::complete);
  Links whole(graph, {0.5, 3}, RandomStreams(4));
  for (int round = 0; round < 2; ++round)
    for (const int from : {0, 1, 2}) whole.send(round, from, number(10 * round + from));
  Links resumed(graph, {0.5, 3}, RandomStreams(4));
  resumed.load(whole.state());
  EXPECT_EQ(resumed.lost(), whole.lost());
  for (int round = 3; round < 5; ++round)
    for (const int to : {0, 1, 2}) {
      const std::vector<Message> a = whole.receive(round, to), b = resumed.receive(round, to);
      ASSERT_EQ(a.size(), b.size());
      for (std::size_t i = 0; i < a.size(); ++i) {
        EXPECT_EQ(a[i].from, b[i].from);
        EXPECT_TRUE(at::equal(a[i].parameters[0], b[i].parameters[0]));
      }
    }
}

}  // namespace
}  // namespace talweg::agents
