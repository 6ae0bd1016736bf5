// Which examples an agent has.
#include "core/agents/data_division.h"

#include <gtest/gtest.h>

#include <set>

#include "complaint.h"
#include "core/libtorch.h"

namespace talweg::agents {
namespace {

constexpr Division kDivisions[] = {Division::random, Division::blocks, Division::labels};

/// 103 examples with the labels 0 … 9 in turn.
data::TensorDataset labelled() {
  return data::TensorDataset({at::rand({103, 2}), at::arange(103).remainder(10)});
}

TEST(DataDivision, IsDisjointAndWhole) {
  const data::TensorDataset data = labelled();
  for (const Division division : kDivisions) {
    std::set<std::int64_t> seen;
    std::size_t examples = 0;
    for (std::int64_t agent = 0; agent < 5; ++agent) {
      const std::vector<std::int64_t> part = examples_of(agent, 5, division, data, RandomStreams(1));
      EXPECT_NEAR(static_cast<double>(part.size()), 103 / 5.0, 1);
      seen.insert(part.begin(), part.end());
      examples += part.size();
    }
    EXPECT_EQ(seen.size(), 103u);
    EXPECT_EQ(examples, 103u);
  }
}

TEST(DataDivision, ByLabelsLeavesAnAgentWithFewOfThem) {
  const data::TensorDataset data = labelled();
  for (std::int64_t agent = 0; agent < 5; ++agent) {
    std::set<std::int64_t> labels;
    for (const std::int64_t i : examples_of(agent, 5, Division::labels, data, RandomStreams(1))) labels.insert(i % 10);
    EXPECT_LE(labels.size(), 3u);
  }
}

TEST(DataDivision, SaysWhatIsMissing) {
  const data::TensorDataset unlabelled({at::rand({8, 2})});
  const auto of = [&](std::int64_t count, Division division) {
    return testing::complaint([&] { examples_of(0, count, division, unlabelled, RandomStreams(1)); });
  };
  EXPECT_NE(of(2, Division::labels).find("no labels"), std::string::npos);
  EXPECT_NE(of(9, Division::random).find("9 agents cannot divide 8"), std::string::npos);
  EXPECT_EQ(of(9, Division::none), "");
}

}  // namespace
}  // namespace talweg::agents
