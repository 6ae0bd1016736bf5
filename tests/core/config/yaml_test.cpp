#include "core/files/yaml.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "core/files/compose.h"
#include "core/files/sweep.h"
#include "core/temporary_folder.h"

namespace talweg::config {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// What parse_yaml says about `text`.
std::string complaint(const std::string& text) {
  try {
    parse_yaml(text, "x.yaml");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Yaml, KeepsStructureAndPositions) {
  const Value root = parse_yaml("a: 1\nb:\n  - x\n  - {c: 'd'}\n", "x.yaml");
  ASSERT_TRUE(root.is_mapping());
  EXPECT_EQ(root.find("a")->text, "1");
  EXPECT_EQ(root.find("b")->items[1].find("c")->text, "d");
  EXPECT_TRUE(root.find("b")->items[1].find("c")->quoted);
  EXPECT_EQ(root.find("b")->items[0].where.text(), "x.yaml:3:5");
}

TEST(Yaml, WritesWhatItReadsBack) {
  const Value root = parse_yaml("a: [1, two, ~]\nb: {c: 'x: y', d: {}}\ne: ''\n", "x.yaml");
  const Value again = parse_yaml(to_yaml(root), "again");
  EXPECT_EQ(again.find("a")->items[1].text, "two");
  EXPECT_TRUE(again.find("a")->items[2].is_null());
  EXPECT_EQ(again.find("b")->find("c")->text, "x: y");
  EXPECT_TRUE(again.find("b")->find("d")->is_mapping());
  EXPECT_TRUE(again.find("e")->is_scalar());
}

TEST(Yaml, NamesDuplicateKeys) {
  EXPECT_THAT(complaint("a: 1\nb: 2\na: 3\n"),
              AllOf(HasSubstr("x.yaml:3:1"), HasSubstr("duplicate key 'a', first given in line 1")));
}

TEST(Yaml, ExplainsTabs) {
  EXPECT_THAT(complaint("a:\n\tb: 1\n"), AllOf(HasSubstr("x.yaml:2:1"), HasSubstr("tab")));
}

TEST(Yaml, RefusesEmptyFiles) {
  EXPECT_THAT(complaint(""), HasSubstr("no configuration"));
  EXPECT_THAT(complaint("# only a comment\n"), HasSubstr("no configuration"));
}

TEST(Yaml, RefusesSeveralDocuments) {
  EXPECT_THAT(complaint("a: 1\n---\nb: 2\n"), HasSubstr("several YAML documents"));
}

TEST(Yaml, RefusesTextThatIsNotUtf8) {
  EXPECT_THAT(complaint("a: 1\nb: \xFF\n"), AllOf(HasSubstr("x.yaml:2:4"), HasSubstr("UTF-8")));
}

TEST(Yaml, ReportsSyntaxErrorsWithTheirPlace) {
  EXPECT_THAT(complaint("a: [1, 2\nb: 3\n"), AllOf(HasSubstr("x.yaml:"), HasSubstr("not valid YAML")));
}

TEST(Yaml, RefusesDeepNesting) {
  EXPECT_THAT(complaint(std::string(100'000, '[')), HasSubstr("x.yaml:1:"));
  std::string block;
  for (int i = 0; i < 100; ++i) block += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_THAT(complaint(block + std::string(100, ' ') + "b"), HasSubstr("nested deeper than 64 levels"));
}

TEST(Yaml, MergesKeys) {
  const Value root =
      parse_yaml("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: *a, x: 5}\nd: {w: 0, <<: [*a, *b]}\n", "x.yaml");
  EXPECT_EQ(to_yaml(*root.find("c")), "x: 5\ny: 2\n");
  EXPECT_EQ(to_yaml(*root.find("d")), "w: 0\nx: 1\ny: 2\nz: 4\n") << "the first of a list wins";
  EXPECT_THAT(complaint("a: &a 3\nb: {<<: *a}\n"), AllOf(HasSubstr("x.yaml:"), HasSubstr("'<<' merges mappings")));
}

TEST(Yaml, StopsAliasBombs) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) bomb += std::string(k ? ", " : "") + "*a" + std::to_string(i - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(complaint(bomb), HasSubstr("once its aliases are expanded"));
}

TEST(Yaml, RefusesHugeFiles) {
  EXPECT_THAT(complaint(std::string(100 << 20, 'a')), HasSubstr("bytes"));
}

TEST(YamlFile, ExplainsWhatCannotBeRead) {
  talweg::testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "quickstart.yaml") << "a: 1\n";
  const auto message = [](const std::filesystem::path& path) -> std::string {
    try {
      read_yaml_file(path.string());
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(message(folder.path() / "quickstar.yaml"), AllOf(HasSubstr("no such file"), HasSubstr("did you mean")));
  EXPECT_THAT(message(folder.path()), HasSubstr("is a directory"));
}

class Composition : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.path() / name) << text;
    return (folder_.path() / name).string();
  }
  std::string complaint(const std::string& path, const std::vector<std::string>& assignments = {}) {
    try {
      load(path, assignments);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "accepted";
  }
  talweg::testing::TemporaryFolder folder_;
};

TEST_F(Composition, LaysFilesOverTheirBase) {
  write("base.yaml", "seed: 1\ntraining: {steps: 10, batch_size: 4}\noptimizer: {type: sgd, momentum: 0.9}\n");
  const Value root =
      load(write("x.yaml", "extends: base.yaml\ntraining: {steps: 20}\noptimizer: {type: adamw}\n"), {"seed=7"});
  EXPECT_EQ(root.find("seed")->text, "7");
  EXPECT_EQ(root.find("training")->find("steps")->text, "20");
  EXPECT_EQ(root.find("training")->find("batch_size")->text, "4");
  EXPECT_EQ(root.find("optimizer")->find("momentum"), nullptr) << "an option of another type must not survive";
}

// One composition for every way of laying one thing over another: a file over its base, a sweep's value, an assignment.
TEST_F(Composition, EveryWayOfComposingGivesTheSame) {
  const struct {
    const char *base, *over, *result;
  } pairs[] = {
      {"sgd", "{learning_rate: 0.5}", "{type: sgd, learning_rate: 0.5}"},
      {"sgd", "{type: adamw, learning_rate: 0.5}", "{type: adamw, learning_rate: 0.5}"},
      {"sgd", "{type: sgd, learning_rate: 0.5}", "{type: sgd, learning_rate: 0.5}"},
      {"sgd", "adamw", "adamw"},
      {"{type: sgd, momentum: 0.9}", "{learning_rate: 0.5}", "{type: sgd, momentum: 0.9, learning_rate: 0.5}"},
      {"{type: sgd, momentum: 0.9}", "sgd", "{type: sgd, momentum: 0.9}"},
      {"{type: sgd, momentum: 0.9}", "{type: sgd}", "{type: sgd, momentum: 0.9}"},
      {"{type: sgd, momentum: 0.9}", "adamw", "{type: adamw}"},
      {"{type: sgd, momentum: 0.9}", "{type: adamw}", "{type: adamw}"},
      {"{momentum: 0.9}", "sgd", "{momentum: 0.9, type: sgd}"},
      {"{momentum: 0.9}", "{type: sgd}", "{momentum: 0.9, type: sgd}"},
  };
  for (const auto& pair : pairs) {
    const std::string expected = to_yaml(parse_yaml(fmt::format("optimizer: {}", pair.result), "expected"));
    const std::string base = write("base.yaml", fmt::format("optimizer: {}\n", pair.base));
    const std::string message = fmt::format("{} over {}", pair.over, pair.base);
    EXPECT_EQ(to_yaml(load(write("over.yaml", fmt::format("extends: base.yaml\noptimizer: {}\n", pair.over)))),
              expected)
        << message;
    EXPECT_EQ(to_yaml(load(base, {fmt::format("optimizer={}", pair.over)})), expected) << message;
    const std::string sweep =
        write("sweep.yaml", fmt::format("optimizer: {}\nsweep: {{optimizer: [{}]}}\n", pair.base, pair.over));
    EXPECT_EQ(to_yaml(expand_sweep(load(sweep)).front().config), expected) << message;
  }
}

TEST_F(Composition, AssignmentsApplyAsASet) {
  const std::string path = write("a.yaml", "optimizer: {type: adamw, weight_decay: 1}\n");
  const std::string expected = "optimizer:\n  type: sgd\n  learning_rate: 1e9\n";
  EXPECT_EQ(to_yaml(load(path, {"optimizer.learning_rate=1e9", "optimizer.type=sgd"})), expected);
  EXPECT_EQ(to_yaml(load(path, {"optimizer.type=sgd", "optimizer.learning_rate=1e9"})), expected);
  EXPECT_EQ(to_yaml(load(path, {"optimizer.learning_rate=1e9", "optimizer=sgd"})), expected);
  const auto swept =
      write("b.yaml", "optimizer: adamw\nsweep: {optimizer.learning_rate: [1e9], optimizer.type: [sgd]}\n");
  EXPECT_EQ(to_yaml(expand_sweep(load(swept)).front().config), expected);

  EXPECT_THAT(complaint(path, {"seed=1", "seed=2"}), AllOf(HasSubstr("--set seed"), HasSubstr("no effect")));
  EXPECT_THAT(complaint(path, {"optimizer=sgd", "optimizer.type=adam"}), HasSubstr("no effect"));
  EXPECT_EQ(complaint(path, {"optimizer={momentum: 1}", "optimizer.type=sgd"}), "accepted");
}

TEST_F(Composition, NullTakesAwayWhatTheBaseSays) {
  write("base.yaml", "training: {epochs: 10, batch_size: 4}\ntask: {data: digits}\n");
  const Value root = load(write("x.yaml", "extends: base.yaml\ntraining: {epochs: null, steps: 20}\n"),
                          {"task.data=", "training.batch_size=null"});
  EXPECT_EQ(root.find("training")->find("epochs"), nullptr);
  EXPECT_EQ(root.find("training")->find("batch_size"), nullptr);
  EXPECT_EQ(root.find("training")->find("steps")->text, "20");
  EXPECT_EQ(root.find("task")->find("data"), nullptr);
}

TEST_F(Composition, FindsCircularExtends) {
  write("a.yaml", "extends: b.yaml\n");
  EXPECT_THAT(complaint(write("b.yaml", "extends: a.yaml\n")),
              HasSubstr("circular 'extends': b.yaml -> a.yaml -> b.yaml"));
}

TEST_F(Composition, NamesAMissingBase) {
  EXPECT_THAT(complaint(write("a.yaml", "x: 1\nextends: none.yaml\n")),
              AllOf(HasSubstr("a.yaml:2:10"), HasSubstr("none.yaml")));
}

TEST_F(Composition, ReplacesVariables) {
  setenv("TALWEG_TEST_VALUE", "42", 1);
  unsetenv("TALWEG_TEST_UNSET");
  const Value root = load(write("a.yaml", "a: ${TALWEG_TEST_VALUE}\nb: x${TALWEG_TEST_UNSET:-y}z\nc: $${literal}\n"));
  EXPECT_EQ(root.find("a")->text, "42");
  EXPECT_EQ(root.find("b")->text, "xyz");
  EXPECT_EQ(root.find("c")->text, "${literal}");
  EXPECT_THAT(complaint(write("b.yaml", "a: 1\nb: ${TALWEG_TEST_UNSET}\n")),
              AllOf(HasSubstr("b.yaml:2:4"), HasSubstr("'TALWEG_TEST_UNSET' is not set")));
}

TEST_F(Composition, AVariableInQuotesIsWhatItHolds) {
  unsetenv("TALWEG_TEST_UNSET");
  const Value root = load(write("a.yaml", "training: {steps: \"${TALWEG_TEST_UNSET:-3}\"}\nname: \"3\"\n"));
  EXPECT_FALSE(root.find("training")->find("steps")->quoted);
  EXPECT_TRUE(root.find("name")->quoted);
}

TEST_F(Composition, AssignsThroughListsAndComponents) {
  const std::string path = write("a.yaml", "optimizer: sgd\nlist: [{x: 1}, {x: 2}]\n");
  const Value root = load(path, {"list.1.x=5", "optimizer.momentum=0.5", "new.key=[1, 2]"});
  EXPECT_EQ(root.find("list")->items[1].find("x")->text, "5");
  EXPECT_EQ(root.find("optimizer")->find("type")->text, "sgd");
  EXPECT_EQ(root.find("optimizer")->find("momentum")->text, "0.5");
  EXPECT_EQ(root.find("new")->find("key")->items.size(), 2u);
  EXPECT_THAT(complaint(path, {"list.7.x=5"}), HasSubstr("no index of a list of 2"));
  EXPECT_THAT(complaint(path, {"nonsense"}), HasSubstr("expected KEY=VALUE"));
}

}  // namespace
}  // namespace talweg::config
