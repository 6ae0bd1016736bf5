#include "core/config/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "complaint.h"
#include "core/config/component.h"
#include "core/error.h"
#include "core/files/complete_schema.h"
#include "core/files/sweep.h"
#include "core/files/yaml.h"
#include "core/io/closest_word.h"

namespace talweg::config {

enum class Shape { round, square };
std::vector<std::pair<std::string, Shape>> choices(Shape) {
  return {{"round", Shape::round}, {"square", Shape::square}};
}

struct ShapeKind {
  static constexpr const char* name = "test_shape";
  using Signature = double(double scale);
};
struct CircleOptions {
  double radius = 1;
};
void declare(Fields& f, CircleOptions& o) {
  f("radius", o.radius, "radius in metres", above(0));
}

struct Example {
  std::int64_t rank = 128;
  double rate = 1e-3;
  bool flag = false;
  Shape shape = Shape::round;
  std::string text = "x";
  std::optional<double> limit;
  std::vector<std::int64_t> sizes = {1, 2};
  Component<ShapeKind> component{"circle"};
};
void declare(Fields& f, Example& o) {
  f("rank", o.rank, "rank r", at_least(1));
  f("rate", o.rate, "step size", above(0), below(1));
  f("flag", o.flag, "a switch");
  f("shape", o.shape, "a choice");
  f("text", o.text, "a word");
  f("limit", o.limit, "may be absent", at_least(0));
  f("sizes", o.sizes, "a list", at_least(1));
  f("component", o.component, "a component");
}

namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class FieldsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    Registry<ShapeKind>::instance().add<CircleOptions>(
        "circle", "a circle", "ours", [](const CircleOptions& o, double scale) { return o.radius * scale; });
  }
  static Example read(const std::string& text) { return parse<Example>(parse_yaml(text, "x.yaml")); }
  static std::string complaint(const std::string& text) {
    try {
      read(text);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "accepted";
  }
};

TEST_F(FieldsTest, ReadsEveryType) {
  const Example e =
      read("{rank: 1e3, rate: 5e-2, flag: yes, shape: square, text: 7, limit: 2, sizes: 9, component: {radius: 3}}");
  EXPECT_EQ(e.rank, 1000);
  EXPECT_DOUBLE_EQ(e.rate, 0.05);
  EXPECT_TRUE(e.flag);
  EXPECT_EQ(e.shape, Shape::square);
  EXPECT_EQ(e.text, "7");
  EXPECT_EQ(e.limit, 2.0);
  EXPECT_EQ(e.sizes, std::vector<std::int64_t>{9});
  EXPECT_DOUBLE_EQ(e.component.create(2), 6);
}

TEST_F(FieldsTest, DumpsWhatItReadsBack) {
  Example e = read("{rate: 0.1, sizes: [3, 4], component: {type: circle, radius: 0.3}}");
  const Example again = parse<Example>(parse_yaml(to_yaml(fields_of(e).dump()), "again"));
  EXPECT_EQ(again.rate, 0.1);
  EXPECT_EQ(again.sizes, (std::vector<std::int64_t>{3, 4}));
  EXPECT_EQ(again.component.create(1), 0.3);
  EXPECT_FALSE(again.limit);
}

TEST_F(FieldsTest, SuggestsForUnknownKeys) {
  EXPECT_THAT(complaint("rank: 1\nrnak: 2\n"),
              AllOf(HasSubstr("x.yaml:2:1"), HasSubstr("unknown key 'rnak'"), HasSubstr("did you mean 'rank'?")));
}

TEST_F(FieldsTest, AKeyThatBelongsElsewhereIsToldWhere) {
  EXPECT_THAT(complaint("radius: 1\n"), HasSubstr("unknown key 'radius' (here: component.radius)"));
  EXPECT_THAT(complaint("component: {type: circle, sizes: 3}\n"), HasSubstr("'sizes' (it belongs to the top level)"));
  EXPECT_THAT(complaint("max_steps: 100\n"), HasSubstr("unknown key 'max_steps' (here: training.steps)"));
  EXPECT_THAT(complaint("component: {type: circle, lr: 3}\n"), HasSubstr("'lr' (here: optimizer.learning_rate)"));
}

TEST_F(FieldsTest, NamesWrongTypes) {
  EXPECT_THAT(complaint("rank: many"),
              AllOf(HasSubstr("x.yaml:1:7"), HasSubstr("'rank' takes an integer, found 'many'")));
  EXPECT_THAT(complaint("rank: 1.5"), HasSubstr("takes an integer"));
  EXPECT_THAT(complaint("rank: '3'"), HasSubstr("takes an integer"));
  EXPECT_THAT(complaint("rate: nan"), HasSubstr("takes a number"));
  EXPECT_THAT(complaint("flag: [1]"), HasSubstr("takes true or false, found a list"));
  EXPECT_THAT(complaint("shape: rond"), AllOf(HasSubstr("one of round, square"), HasSubstr("did you mean 'round'?")));
}

TEST_F(FieldsTest, ChecksRanges) {
  EXPECT_THAT(complaint("rank: 0"), HasSubstr("'rank' must be at least 1, found '0'"));
  EXPECT_THAT(complaint("rate: 1"), HasSubstr("must be below 1"));
  EXPECT_THAT(complaint("sizes: [4, 0]"), HasSubstr("must be at least 1"));
  EXPECT_THAT(complaint("limit: -1"), HasSubstr("must be at least 0"));
}

TEST_F(FieldsTest, ChecksComponents) {
  EXPECT_THAT(complaint("component: circel"),
              AllOf(HasSubstr("no test_shape 'circel'"), HasSubstr("did you mean 'circle'?")));
  EXPECT_THAT(complaint("component: {type: circle, radius: -1}"),
              AllOf(HasSubstr("x.yaml:1:35"), HasSubstr("must be above 0")));
  EXPECT_THAT(complaint("component: [1]"), HasSubstr("takes a test_shape"));
}

TEST_F(FieldsTest, TellsEveryMistakeAtOnce) {
  EXPECT_THAT(complaint("rank: 0\nrate: 2\nnope: 1\n"), AllOf(HasSubstr(":1:7"), HasSubstr(":2:7"), HasSubstr(":3:1")));
}

TEST_F(FieldsTest, SchemaStatesTypesAndBounds) {
  Example e;
  const nlohmann::json schema = complete_schema(fields_of(e).schema());
  EXPECT_EQ(schema.at("properties").at("rank").at("minimum"), 1);
  EXPECT_EQ(schema.at("properties").at("rate").at("exclusiveMinimum"), 0);
  EXPECT_EQ(schema.at("properties").at("component").at("$ref"), "#/definitions/test_shape");
  const nlohmann::json& shape = schema.at("definitions").at("test_shape");
  EXPECT_EQ(shape.at("else").at("then").at("enum").at(0), "circle");
  EXPECT_EQ(shape.at("then").at("allOf").at(0).at("then").at("properties").at("type").at("const"), "circle");
  // Bounds reach what may be absent and the elements of lists.
  EXPECT_EQ(schema.at("properties").at("limit").at("minimum"), 0);
  EXPECT_EQ(schema.at("properties").at("sizes").at("then").at("items").at("minimum"), 1);
}

TEST_F(FieldsTest, DescribesWhatIsInASection) {
  struct Outer {
    Example inner;
  } outer;
  Fields fields;
  fields("inner", outer.inner, "a section");
  const std::vector<OptionInfo> options = describe(fields);
  ASSERT_EQ(options.size(), 1u);
  EXPECT_EQ(options.front().type, "section");
  Example e;
  EXPECT_EQ(options.front().options.size(), fields_of(e).list().size());
}

TEST(Sweep, ExpandsTheGridWithTheLastKeyFastest) {
  const auto points = expand_sweep(
      parse_yaml("optimizer: {type: sgd}\nsweep:\n  optimizer.rate: [0.1, 0.2]\n  seed: [0, 1, 2]\n", "x.yaml"));
  ASSERT_EQ(points.size(), 6u);
  EXPECT_EQ(points[1].label(), "rate=0.1,seed=1");
  EXPECT_EQ(points[5].config.find("optimizer")->find("rate")->text, "0.2");
  EXPECT_EQ(points[5].config.find("sweep"), nullptr);
}

TEST(Sweep, DrawsTheSamePointsAgain) {
  const std::string text =
      "seed: 3\noptimizer: {type: sgd}\nsweep:\n  draw: 200\n  optimizer.rate: {from: 1e-4, to: 1e-1, scale: log}\n"
      "  optimizer.rank: {from: 2, to: 5}\n  optimizer.kind: [a, b]\n";
  const auto points = expand_sweep(parse_yaml(text, "x.yaml")), again = expand_sweep(parse_yaml(text, "x.yaml"));
  ASSERT_EQ(points.size(), 200u);
  double below = 0;
  std::set<std::string> ranks, kinds;
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(points[i].label(), again[i].label());
    const Value& optimizer = *points[i].config.find("optimizer");
    const double rate = std::stod(optimizer.find("rate")->text);
    EXPECT_GE(rate, 1e-4);
    EXPECT_LE(rate, 1e-1);
    below += rate < std::sqrt(1e-5);
    ranks.insert(optimizer.find("rank")->text);
    kinds.insert(optimizer.find("kind")->text);
  }
  EXPECT_NEAR(below, 100, 30) << "half of a logarithmic range lies below its geometric mean";
  EXPECT_EQ(ranks, (std::set<std::string>{"2", "3", "4", "5"}));
  EXPECT_EQ(kinds, (std::set<std::string>{"a", "b"}));
  std::string other = text;
  other.replace(6, 1, "4");
  EXPECT_NE(expand_sweep(parse_yaml(other, "x.yaml"))[0].label(), points[0].label()) << "another seed draws others";
}

TEST(Sweep, HalvingIsRead) {
  const auto halving = halving_of(parse_yaml("sweep: {halving: {steps: 20}, seed: [1, 2]}", "x.yaml"));
  ASSERT_TRUE(halving);
  EXPECT_EQ(halving->steps, 20);
  EXPECT_EQ(halving->factor, 3);
  EXPECT_EQ(expand_sweep(parse_yaml("sweep: {halving: {steps: 20}, seed: [1, 2]}", "x.yaml")).size(), 2u);
  EXPECT_FALSE(halving_of(parse_yaml("sweep: {seed: [1]}", "x.yaml")));
  EXPECT_THROW(halving_of(parse_yaml("sweep: {halving: {steps: 0}, seed: [1]}", "x.yaml")), ConfigError);
}

TEST(Sweep, RefusesWhatIsNoList) {
  EXPECT_THAT(testing::complaint([] { expand_sweep(parse_yaml("sweep: {a.b: {from: 1, to: 2}}", "x.yaml")); }),
              HasSubstr("draw: 20"));
  for (const char* wrong : {"{draw: 0, seed: [1]}", "{draw: 3}", "{draw: 2, a.b: {from: 2, to: 1}}",
                            "{draw: 2, a.b: {from: 0, to: 1, scale: log}}", "{draw: 2, a.b: 3}"})
    EXPECT_THROW(expand_sweep(parse_yaml(std::string("sweep: ") + wrong, "x.yaml")), ConfigError) << wrong;

  EXPECT_THROW(expand_sweep(parse_yaml("sweep: {seed: 3}", "x.yaml")), ConfigError);
  EXPECT_THROW(expand_sweep(parse_yaml("sweep: 1", "x.yaml")), ConfigError);
}

TEST(Suggestion, KnowsNearWords) {
  EXPECT_EQ(io::suggestion("momentun", {"momentum", "rate"}), " (did you mean 'momentum'?)");
  EXPECT_EQ(io::suggestion("zzz", {"a", "b"}), " (known: a, b)");
}

}  // namespace
}  // namespace talweg::config
