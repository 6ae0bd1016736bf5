#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "complaint.h"
#include "core/libtorch.h"
#include "core/temporary_folder.h"
#include "tasks/triplets/battle_files.h"
#include "tasks/triplets/comparison_files.h"
#include "tasks/triplets/features.h"
#include "tasks/triplets/rating_files.h"

namespace talweg::tasks {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <class T>
std::vector<T> list_of(const at::Tensor& t) {
  return {t.const_data_ptr<T>(), t.const_data_ptr<T>() + t.numel()};
}

class ChoiceFiles : public ::testing::Test {
 protected:
  std::string write(const std::string& text, const std::string& name = "choices.txt") {
    const auto path = folder_.path() / name;
    std::ofstream(path) << text;
    return path.string();
  }
  /// Read with nothing held out but the last row in time.
  ComparisonData read_csv(const std::string& text) {
    ComparisonCsvOptions options;
    options.path = write(text);
    options.evaluation_path = write("user,winner,loser\na,x,y\n", "held_out.txt");
    return read_comparison_csv(options, RandomStreams(1));
  }
  talweg::testing::TemporaryFolder folder_;
};

TEST_F(ChoiceFiles, ColumnsAreFoundByTheirNames) {
  const ComparisonData data = read_csv("loser,page,user,winner,weight,tie\ny,1,a,x,3,\nx,2,b,y,1,true\n");
  EXPECT_THAT(data.user_ids, ElementsAre("a", "b"));
  EXPECT_THAT(data.item_ids, ElementsAre("x", "y"));
  EXPECT_THAT(list_of<std::int32_t>(data.training.first), ElementsAre(0, 1));
  EXPECT_THAT(list_of<double>(data.training.labels), ElementsAre(1, 0.5));
  EXPECT_THAT(list_of<double>(data.training.weights), ElementsAre(1.5, 0.5)) << "weights have mean 1";
  EXPECT_THAT(data.notes, Contains(HasSubstr("no part in it: page")));
}

TEST_F(ChoiceFiles, AreRefusedWhereTheyCannotBeMeant) {
  const auto complaint = [&](const std::string& text) { return talweg::testing::complaint([&] { read_csv(text); }); };
  EXPECT_THAT(complaint("user,winer,loser\na,x,y\n"), HasSubstr("names no column 'winner' (did you mean 'winer'?)"));
  EXPECT_THAT(complaint("user,winner,loser,weight\na,x,y,nan\n"), HasSubstr("txt:2: the weight 'nan'"));
  EXPECT_THAT(complaint("user,winner,loser,weight\na,x,y,0\n"), HasSubstr("weights of all comparisons are 0"));
  EXPECT_THAT(complaint("user,winner,loser,tie\na,x,y,perhaps\n"), HasSubstr("the tie 'perhaps'"));
  EXPECT_THAT(complaint("user,winner,loser,tie,label\na,x,y,1,0.7\n"), HasSubstr("is a tie, and has the label 0.7"));
  EXPECT_THAT(read_csv("a,x,y\na,x,z").notes, Contains(HasSubstr("the last line has no end")));
}

TEST_F(ChoiceFiles, TheLatestOrSomeOfEveryUsersAreHeldOut) {
  std::string text = "user,winner,loser,time\n";
  for (int day = 9; day >= 0; --day) text += fmt::format("{},x,y{},2024-01-1{}\n", day % 2 ? "a" : "b", day, day);
  ComparisonCsvOptions options;
  options.path = write(text);
  options.evaluation_share = 0.3;
  options.split = HeldOutRows::latest;
  const ComparisonData latest = read_comparison_csv(options, RandomStreams(1));
  std::vector<std::string> losers;
  for (const std::int32_t item : list_of<std::int32_t>(latest.evaluation.second))
    losers.push_back(latest.item_ids[static_cast<std::size_t>(item)]);
  EXPECT_THAT(losers, ::testing::UnorderedElementsAre("y9", "y8", "y7"));
  options.split = HeldOutRows::per_user;
  options.evaluation_share = 0.4;
  const ComparisonData each = read_comparison_csv(options, RandomStreams(1));
  EXPECT_THAT(list_of<std::int32_t>(each.evaluation.users), ElementsAre(0, 0, 1, 1));
  options.path = write("a,x,y\na,x,z\n");
  options.split = HeldOutRows::latest;
  EXPECT_THAT(talweg::testing::complaint([&] { read_comparison_csv(options, RandomStreams(1)); }),
              HasSubstr("needs the time of every row"));
}

TEST_F(ChoiceFiles, ObjectsOfJsonAreReadByLineOrAsAnArray) {
  ComparisonFileOptions options;
  options.evaluation_path = write(R"([{"user": "a", "winner": "x", "loser": "y"}])", "held_out.json");
  options.path = write("{\"user\": 7, \"winner\": \"x, y\", \"loser\": \"z\\nz\", \"label\": 0.75}\n\n");
  const ComparisonData data = read_comparison_json(options, RandomStreams(1));
  EXPECT_THAT(data.user_ids, ElementsAre("7", "a"));
  EXPECT_THAT(data.item_ids, ElementsAre("x, y", "z\nz", "x", "y"));
  EXPECT_THAT(list_of<double>(data.training.labels), ElementsAre(0.75));
  const auto complaint = [&](const std::string& text) {
    options.path = write(text);
    return talweg::testing::complaint([&] { read_comparison_json(options, RandomStreams(1)); });
  };
  EXPECT_THAT(complaint("{\"user\": \"a\", \"winner\": \"x\", \"loser\": \"y\"}\n{\"user\": \"a\", \"win"),
              HasSubstr("txt:2: is no JSON object; is the line cut off?"));
  EXPECT_THAT(complaint("{\"user\": [1], \"winner\": \"x\", \"loser\": \"y\"}"), HasSubstr("the user is a list"));
  EXPECT_THAT(complaint("{\"user\": \"a\", \"winner\": \"x\"}"), HasSubstr("the loser is missing"));
}

TEST_F(ChoiceFiles, BattlesHaveAnOutcome) {
  BattleCsvOptions options;
  options.evaluation_path = write("model_a,model_b,winner\np,q,tie\n", "held_out.csv");
  options.path = write("question,model_a,model_b,winner,judge\n1,p,q,model_b,ann\n2,p,q,tie (bothbad),\n3,q,p,q,ann\n");
  const ComparisonData data = read_battle_csv(options, RandomStreams(1));
  EXPECT_THAT(data.user_ids, ElementsAre("ann", "everyone"));
  EXPECT_THAT(list_of<std::int32_t>(data.training.first), ElementsAre(0, 0, 1)) << "q, q, p";
  EXPECT_THAT(list_of<double>(data.training.labels), ElementsAre(1, 1, 0.5));
  options.path = write("model_a,model_b,winner\np,q,model_c\n");
  EXPECT_THAT(talweg::testing::complaint([&] { read_battle_csv(options, RandomStreams(1)); }),
              HasSubstr(":2: the outcome 'model_c' is neither"));
}

/// Twenty ratings in the layout of MovieLens: user::item::rating::timestamp.
TEST_F(ChoiceFiles, RatingsAreDividedBeforePairsAreMade) {
  std::string text;
  for (int user = 1; user <= 2; ++user)
    for (int item = 1; item <= 10; ++item)
      text += fmt::format("{}::{}::{}::{}\n", user, item, (item + user) % 4 + 1, 978300000 + item);
  RatingFileOptions options;
  options.path = write(text);
  options.delimiter = "::";
  options.split = HeldOutRows::latest;
  options.evaluation_share = 0.4;
  const ComparisonData data = read_rating_csv(options, RandomStreams(1));
  EXPECT_EQ(data.users, 2);
  EXPECT_EQ(data.items, 10);
  // Items 1 to 6 are earlier: user 1 rates 3 4 1 2 3 4 (15 pairs, two ties), user 2 rates 4 1 2 3 4 1 (two ties).
  EXPECT_EQ(data.training.users.size(0), 26);
  // Items 7 to 10: 1 2 3 4 and 2 3 4 1, no ties.
  EXPECT_EQ(data.evaluation.users.size(0), 12);
  EXPECT_THAT(list_of<std::int32_t>(data.training.first), ::testing::Each(::testing::Lt(6)));
  EXPECT_THAT(list_of<std::int32_t>(data.training.second), ::testing::Each(::testing::Lt(6)));
  EXPECT_EQ(data.relevance.gains.size(0), 8);
  options.margin = 3;
  EXPECT_EQ(read_rating_csv(options, RandomStreams(1)).training.users.size(0), 2 + 4) << "1 against 4";
  options.margin = 0;
  options.pairs_per_user = 5;
  EXPECT_EQ(read_rating_csv(options, RandomStreams(1)).training.users.size(0), 10);
  options.training_ratings = 5;
  EXPECT_THAT(talweg::testing::complaint([&] { read_rating_csv(options, RandomStreams(1)); }),
              HasSubstr("no user has 15 ratings"));
  options.path = write("1::1::good::3\n");
  EXPECT_THAT(talweg::testing::complaint([&] { read_rating_csv(options, RandomStreams(1)); }),
              HasSubstr("the rating 'good' is no number"));
}

TEST_F(ChoiceFiles, FeaturesAreStandardisedOverTheIdsTheyName) {
  io::FileFingerprints files;
  const std::vector<std::string> ids{"a", "b", "c"};
  const Features features = read_features(write("id,age\nb,30\na,10\nz,99\n"), ids, files);
  EXPECT_THAT(list_of<double>(features.values), ElementsAre(-1, 1, 0));
  EXPECT_EQ(features.missing, 1);
  EXPECT_EQ(features.unknown, 1);
  const auto complaint = [&](const std::string& text) {
    return talweg::testing::complaint([&] { read_features(write(text), ids, files); });
  };
  EXPECT_THAT(complaint("a,10\nb,20\n"), HasSubstr("is no header"));
  EXPECT_THAT(complaint("id,age\na,1\na,2\n"), HasSubstr("has a row already"));
  EXPECT_THAT(complaint("id,age\na,1\nb,1\n"), HasSubstr("one value for all ids"));
  EXPECT_THAT(complaint("id,age\nq,1\n"), HasSubstr("none of the 3 ids"));
}

}  // namespace
}  // namespace talweg::tasks
