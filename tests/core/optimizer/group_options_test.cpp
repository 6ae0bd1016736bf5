#include "core/optimizer/group_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg {
namespace {

ParameterList named(const std::vector<std::string>& names) {
  ParameterList list;
  for (const std::string& name : names) list.push_back({name, at::zeros({1})});
  return list;
}

const std::vector<std::string> kTransformer = {"embedding.weight",      "layers.0.norm.weight", "layers.0.norm.bias",
                                               "layers.0.query.weight", "layers.0.query.bias",  "layers.1.norm.weight"};

TEST(Groups, ThePatternsOfTheFirstGroupCount) {
  const ParameterList parameters = named(kTransformer);
  EXPECT_EQ(assign_groups(parameters, {{{"*.bias", "*norm*"}}, {{"layers.?.*", "embedding.weight"}}}),
            (std::vector<std::size_t>{1, 0, 0, 1, 0, 0}));
  EXPECT_EQ(assign_groups(parameters, {{{"layers.1.*"}}}), (std::vector<std::size_t>{1, 1, 1, 1, 1, 0}))
      << "the rest have the index behind the last group";
  EXPECT_EQ(assign_groups(parameters, {}), std::vector<std::size_t>(6, 0));
}

std::string refusal(const std::vector<GroupOptions>& groups) {
  try {
    assign_groups(named(kTransformer), groups);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(Groups, APatternThatMatchesNothingIsAnErrorWithASuggestion) {
  EXPECT_THAT(refusal({{{"*.biass"}}}), ::testing::HasSubstr("groups[0]: no parameter is called '*.biass'"));
  EXPECT_THAT(refusal({{{"*.biass"}}}), ::testing::HasSubstr("did you mean '*.bias'?"));
  EXPECT_THAT(refusal({{{"*"}}, {{"embeding.*"}}}), ::testing::HasSubstr("did you mean 'embedding.*'?"));
  EXPECT_THAT(refusal({{{"something entirely different"}}}), ::testing::HasSubstr("there are embedding.weight, "));
}

TEST(Groups, AGroupThatIsLeftWithNothingIsAnError) {
  EXPECT_THAT(refusal({{{"*"}}, {{"*.bias"}}}),
              ::testing::HasSubstr("groups[1]: all its parameters belong to earlier"));
}

}  // namespace
}  // namespace talweg
