#include <gtest/gtest.h>

#include <fstream>

#include "complaint.h"
#include "core/error.h"
#include "core/files/yaml.h"
#include "core/temporary_folder.h"
#include "tasks/text_classification/evaluation_set.h"
#include "tasks/text_classification/lexicon.h"
#include "tasks/text_classification/opinions.h"
#include "tasks/text_classification/scores.h"
#include "tasks/text_classification/text_target.h"

namespace talweg::tasks {
namespace {

using testing::complaint;

using ::testing::HasSubstr;
using Texts = std::vector<std::string>;
using Classes = std::vector<std::int64_t>;
using Values = std::vector<double>;

TEST(TextSource, TsvByNameAndByNumber) {
  TextFileOptions options;
  options.pair = "sentence2";
  options.text = "sentence1";
  const LabelledTexts pairs =
      parse_tsv("index\tsentence1\tsentence2\tlabel\r\n0\ta \"b\tc\tyes\r\n1\td\te\tno", "x", options);
  EXPECT_EQ(pairs.first, (Texts{"a \"b", "d"}));  // quotes are text
  EXPECT_EQ(pairs.second, (Texts{"c", "e"}));
  EXPECT_EQ(pairs.labels, (Texts{"yes", "no"}));
  TextFileOptions numbered;
  numbered.header = false;
  numbered.text = "2";
  numbered.label = "1";
  EXPECT_EQ(parse_tsv("1\t2.5\tgood\n2\t-1\tbad\n", "x", numbered).first, (Texts{"good", "bad"}));
}

TEST(TextSource, SamplesOfAFileAreDrawnAtRandom) {
  const talweg::testing::TemporaryFolder folder;
  std::string lines = "sentence\tlabel\n";
  for (int i = 0; i < 100; ++i) lines += fmt::format("{}\t{}\n", i, i);
  std::ofstream(folder.path() / "t.tsv") << lines;
  register_labelled_texts();
  const auto source = config::Registry<LabelledTextKind>::instance().make("file");
  config::Diagnostics diagnostics;
  source->parse(config::parse_yaml("{path: " + (folder.path() / "t.tsv").string() + ", sample: 10}", "test"),
                diagnostics);
  const LabelledTexts texts = source->create(RandomStreams(1));
  EXPECT_EQ(texts.first.size(), 10u);
  EXPECT_EQ(texts.first, texts.labels) << "texts keep their labels";
  EXPECT_FALSE(std::is_sorted(texts.first.begin(), texts.first.end()));
  EXPECT_EQ(source->create(RandomStreams(1)).first, texts.first);
  EXPECT_NE(source->create(RandomStreams(2)).first, texts.first);
}

TEST(TextSource, TsvMistakesAreNamed) {
  const TextFileOptions options;
  EXPECT_THAT(complaint([&] { parse_tsv("sentense\tlabel\na\tb\n", "f.tsv", options); }), HasSubstr("sentense"));
  EXPECT_THAT(complaint([&] { parse_tsv("sentence\tlabel\na\tb\na\n", "f.tsv", options); }), HasSubstr("f.tsv:3"));
  EXPECT_THAT(complaint([&] { parse_tsv("sentence\tlabel\na\t\n", "f.tsv", options); }), HasSubstr("label is missing"));
  EXPECT_THAT(complaint([&] { parse_tsv("sentence\tlabel\n", "f.tsv", options); }), HasSubstr("no examples"));
  EXPECT_THAT(complaint([&] { parse_tsv("", "f.tsv", options); }), HasSubstr("no examples"));
}

TEST(TextSource, JsonLines) {
  TextFileOptions options;
  const LabelledTexts texts = parse_jsonl(
      "{\"sentence\": \"caf\\u00e9\", \"label\": 1}\n\n{\"label\": \"no\", \"sentence\": \"b\"}\n", "x", options);
  EXPECT_EQ(texts.first, (Texts{"café", "b"}));
  EXPECT_EQ(texts.labels, (Texts{"1", "no"}));
  EXPECT_THAT(complaint([&] { parse_jsonl("{\"label\": 1}", "f", options); }), HasSubstr("f:1"));
  EXPECT_THAT(complaint([&] { parse_jsonl("{\"sentence\": \"a\"}", "f", options); }), HasSubstr("no label"));
  EXPECT_THAT(complaint([&] { parse_jsonl("[1]", "f", options); }), HasSubstr("not a JSON object"));
  EXPECT_THAT(complaint([&] { parse_jsonl("{\"sentence\": \"a\", \"label\": [1]}", "f", options); }),
              HasSubstr("label"));
}

TEST(TextTarget, SignsValuesAndClasses) {
  const LabelledTexts texts{{"a", "b", "c"}, {}, {"-1.5", "0", "2"}, "x"};
  std::vector<std::string> names;
  const TargetedTexts signs = target(texts, TextTarget::sign, names);
  EXPECT_EQ(names, (Texts{"negative", "positive"}));
  EXPECT_EQ(signs.texts.first, (Texts{"a", "c"}));
  EXPECT_EQ(signs.classes, (Classes{0, 1}));
  EXPECT_EQ(signs.ratings, (Values{-1.5, 2}));
  names.clear();
  const TargetedTexts values = target(texts, TextTarget::value, names);
  EXPECT_TRUE(names.empty());
  EXPECT_EQ(values.classes, (Classes{0, -1, 1}));
  EXPECT_EQ(target(texts, TextTarget::classes, names).classes, (Classes{0, 1, 2}));
  EXPECT_THAT(complaint([&] { target({{"a"}, {}, {"3"}, "y"}, TextTarget::classes, names); }), HasSubstr("'3'"));
  EXPECT_THAT(complaint([&] {
                target({{"a"}, {}, {"good"}, "y"}, TextTarget::sign, names);
              }),
              HasSubstr("not a number"));
  std::vector<std::string> none;
  EXPECT_THAT(complaint([&] {
                target({{"a"}, {}, {"good"}, "y"}, TextTarget::classes, none);
              }),
              HasSubstr("two classes"));
}

TEST(TextTarget, SplitKeepsShares) {
  std::vector<std::string> names;
  const TargetedTexts texts =
      target(opinions(OpinionsOptions{200, 0.3, false}, RandomStreams(1)), TextTarget::sign, names);
  const auto [rest, share] = split(texts, 0.25, RandomStreams(1));
  EXPECT_EQ(rest.texts.size() + share.texts.size(), 200u);
  EXPECT_NEAR(static_cast<double>(share.texts.size()), 50, 1);
  EXPECT_EQ(share.ratings.size(), share.texts.size());
  for (std::size_t i = 0; i < share.texts.size(); ++i) EXPECT_EQ(share.classes[i], share.ratings[i] > 0);
}

TEST(Opinions, NegationTurnsTheSign) {
  const LabelledTexts texts = opinions(OpinionsOptions{500, 0.3, false}, RandomStreams(3));
  int seen = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts.first[i].find("was good") != std::string::npos && texts.first[i].find(" and") == std::string::npos) {
      EXPECT_EQ(texts.labels[i], "1");
      ++seen;
    }
    if (texts.first[i].find("was not superb") != std::string::npos &&
        texts.first[i].find(" and") == std::string::npos) {
      EXPECT_EQ(texts.labels[i], "-2");
      ++seen;
    }
  }
  EXPECT_GT(seen, 5);
}

TEST(Scores, KnownValues) {
  const Classes truth{1, 1, 1, 1, 0, 0, 0, 0, 0, 0}, predicted{1, 1, 1, 0, 1, 0, 0, 0, 0, 0};
  EXPECT_DOUBLE_EQ(accuracy(predicted, truth), 0.8);
  EXPECT_DOUBLE_EQ(f1(predicted, truth, 1), 0.75);
  EXPECT_NEAR(matthews(predicted, truth), (3.0 * 5 - 1 * 1) / std::sqrt(4.0 * 4 * 6 * 6), 1e-15);
  EXPECT_EQ(matthews(Classes(10, 1), truth), 0);
  EXPECT_NEAR(matthews(Classes{0, 1, 2}, Classes{0, 1, 2}), 1, 1e-15);
  // Against the definition of R_K by covariances of indicators.
  const Classes a{0, 1, 2, 2, 1, 0, 2}, b{0, 2, 2, 1, 1, 0, 0};
  double ab = 0, aa = 0, bb = 0;
  for (int k = 0; k < 3; ++k)
    for (std::size_t i = 0; i < a.size(); ++i) {
      const auto centred = [&](const Classes& x) {
        return (x[i] == k) - static_cast<double>(std::count(x.begin(), x.end(), k)) / static_cast<double>(x.size());
      };
      ab += centred(a) * centred(b);
      aa += centred(a) * centred(a);
      bb += centred(b) * centred(b);
    }
  EXPECT_NEAR(matthews(a, b), ab / std::sqrt(aa * bb), 1e-14);

  EXPECT_NEAR(pearson(Values{1, 2, 3, 4}, Values{2, 4, 6, 9}), 11.5 / std::sqrt(5 * 26.75), 1e-14);
  EXPECT_EQ(pearson(Values{1, 1}, Values{1, 2}), 0);
  EXPECT_NEAR(spearman(Values{1, 10, 100, 1000}, Values{2, 4, 6, 9}), 1, 1e-15);
  EXPECT_NEAR(spearman(Values{1, 2, 2, 4}, Values{4, 3, 2, 1}), -0.9486832980505138, 1e-15);
}

TEST(Lexicon, SumsRatingsAndTurnsNegatedOnes) {
  const Lexicon lexicon("good\t2\t0.5\nbad\t-3\n:)\t1\n", "x");
  EXPECT_DOUBLE_EQ(lexicon.score("A GOOD, good film :)"), 5);
  EXPECT_DOUBLE_EQ(lexicon.score("not a bad film"), 3 * 0.74);
  EXPECT_DOUBLE_EQ(lexicon.score("it isn't that good"), -2 * 0.74);
  EXPECT_DOUBLE_EQ(lexicon.score("not one of these is bad"), -3);  // out of reach
  EXPECT_DOUBLE_EQ(lexicon.score(""), 0);
  EXPECT_THAT(complaint([] { Lexicon("good 2\n", "l.txt"); }), HasSubstr("l.txt:1"));
  EXPECT_THAT(complaint([] { Lexicon("", "l.txt"); }), HasSubstr("no words"));
}

}  // namespace
}  // namespace talweg::tasks
