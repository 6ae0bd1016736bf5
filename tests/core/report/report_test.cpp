#include "core/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/error.h"
#include "core/io/output_file.h"
#include "core/metrics/report_section.h"
#include "core/report/example_run.h"
#include "core/report/html.h"
#include "core/report/ranking.h"
#include "core/report/run.h"
#include "core/report/sweep_table.h"
#include "core/temporary_folder.h"

namespace talweg::report {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

class Report : public ::testing::Test {
 protected:
  fs::path make(const std::string& folder, const testing::ExampleRun& run) const {
    testing::write_example_run(folder_.path() / folder, run);
    return folder_.path() / folder;
  }
  std::string page(const std::vector<fs::path>& runs) {
    const fs::path file = folder_.path() / "report.html";
    problems_ = write_report(runs, file);
    return io::read_whole_file(file);
  }
  testing::TemporaryFolder folder_;
  std::vector<std::string> problems_;
};

size_t count(const std::string& text, std::string_view part) {
  size_t found = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
  return found;
}

TEST_F(Report, TellsEverythingOfOneRun) {
  const std::string html = page({make("a", {.steps = 300})});
  EXPECT_THAT(problems_, IsEmpty());
  for (const char* part : {"<h1>digits</h1>", "✓ completed", "2026-01-31 14:05", "A small MLP reads the digits",
                           "✓ holds", "✗ does not hold", "closed form, section 5.3", "<h4>loss</h4>",
                           "<h4>accuracy</h4>", "Confusion matrix", "4 and 9 are confused most", "libtorch.version",
                           "2.11.0", "weight_decay: 0.01", "prefers-color-scheme: dark", "over-time", "logarithmic"})
    EXPECT_THAT(html, HasSubstr(part));
  EXPECT_EQ(count(html, "<h4>loss</h4>"), 1u);  // train/loss and eval/loss share a plot
}

TEST_F(Report, ShowsWhatARunStatesInTheFormThatItStates) {
  const auto state = [&](const std::string& folder, double degrees) {
    const fs::path run = make(folder, {.name = folder, .steps = 300});
    auto summary = nlohmann::ordered_json::parse(io::read_whole_file(run / "summary.json"));
    summary["weather"] = {{"said", "It is <warm>."},
                          {"degrees", degrees},
                          {"range", {degrees - 1, degrees + 1}},
                          {"where", {{"north", 3}, {"east", 4}}},
                          {"wind", 7},
                          {"map", {{"file", "map.html"}, {"text", "look <here>"}}},
                          {"trap", {{"file", "javascript:alert(1)"}, {"text", "there"}}},
                          {metrics::kReportMember, to_json(metrics::ReportSection{"Weather",
                                                                                  "said",
                                                                                  {{"temperature", "degrees"},
                                                                                   {"between", "range"},
                                                                                   {"place", "where"},
                                                                                   {"rain", "rain"},
                                                                                   {"map", "map"},
                                                                                   {"trap", "trap"}}})}};
    io::write_file_atomically(run / "summary.json", summary.dump());
    return run;
  };
  const std::string html = page({state("a", 21.5), state("b", 19)});
  EXPECT_EQ(count(html, "<h2>Weather</h2>"), 1u);
  for (const char* part : {"It is &lt;warm&gt;.", "21.5", "20.5 to 22.5", "18 to 20", "north = 3<br>east = 4", "rain"})
    EXPECT_THAT(html, HasSubstr(part));
  EXPECT_THAT(html, HasSubstr("a/map.html\">look &lt;here&gt;</a>")) << "a link to a file of the run";
  EXPECT_THAT(html, Not(HasSubstr("href=\"javascript")));
  EXPECT_THAT(html, Not(HasSubstr("/javascript:alert(1)\"")));
  // What is not shown there stands among the details, and nothing twice.
  EXPECT_THAT(html, HasSubstr("weather.wind"));
  EXPECT_THAT(html, Not(HasSubstr("weather.said")));
  EXPECT_THAT(html, Not(HasSubstr("weather.report")));
}

TEST_F(Report, OpensWithWhatTellsMostAndFoldsTheRest) {
  const fs::path run = make("a", {.steps = 300});
  metrics::JsonLinesSink sink(run / "metrics.jsonl");
  for (int64_t step = 301; step < 304; ++step) {
    metrics::Record record{step, 2.0, 10, {{"eval/baseline", 0.5}}};
    for (int metric = 0; metric < 20; ++metric)
      record.values.emplace_back("eval/other_" + std::to_string(metric), static_cast<double>(step));
    sink.write(record);
  }
  const std::string html = page({run});
  const size_t figures = html.find("<h2>Figures</h2>"), folded = html.find("<summary>17 more curves</summary>");
  EXPECT_LT(html.find("<h4>loss</h4>"), html.find("<h4>accuracy</h4>"));  // by which the best checkpoint is chosen
  EXPECT_LT(html.find("<h4>accuracy</h4>"), html.find("<h4>other_0</h4>"));
  EXPECT_LT(html.find("<h4>other_0</h4>"), figures);
  EXPECT_LT(figures, folded);
  EXPECT_LT(folded, html.find("<h4>other_19</h4>"));
  EXPECT_LT(html.find("<h4>other_19</h4>"), html.find("<h4>baseline</h4>"));  // it never changes
  EXPECT_LT(html.find("<h4>baseline</h4>"), std::string::npos);
}

TEST_F(Report, NeedsNothingFromOutside) {
  const std::string html = page({make("a", {.steps = 300})});
  EXPECT_THAT(html, Not(HasSubstr("src=")));
  EXPECT_THAT(html, Not(HasSubstr("<link")));
  EXPECT_THAT(html, Not(HasSubstr("@import")));
  EXPECT_THAT(html, Not(HasSubstr("href=\"")));
}

TEST_F(Report, ComparesRunsByWhatDiffers) {
  const std::string html = page({make("a", {.name = "slow", .learning_rate = 1e-3, .steps = 300}),
                                 make("b", {.name = "fast", .learning_rate = 4e-3, .steps = 300})});
  EXPECT_THAT(html, HasSubstr("2 runs compared"));
  EXPECT_THAT(html, HasSubstr("<code>optimizer.learning_rate</code>"));
  EXPECT_THAT(html, Not(HasSubstr("<code>optimizer.weight_decay</code>")));
  EXPECT_THAT(html, HasSubstr("slow · train"));
  EXPECT_THAT(html, HasSubstr("fast · eval"));
}

TEST_F(Report, BeginsWithWhichRunWon) {
  std::vector<fs::path> runs;
  for (const auto& [name, rate, seed] : {std::tuple{"slow", 1e-3, 1u}, {"slow too", 1e-3, 2u}, {"fast", 4e-3, 1u}}) {
    runs.push_back(make(name, {.name = name, .learning_rate = rate, .steps = 300, .seed = seed}));
    io::OutputFile(runs.back() / "config.yaml", io::OpenMode::append).write("checkpoint: {best_goal: maximize}\n");
  }
  const std::string html = page(runs);
  const size_t won = html.find("<h2>Which run won</h2>");
  EXPECT_THAT(html, HasSubstr("fast</b> is the best of 3 runs: eval/accuracy"));
  EXPECT_LT(won, html.find("Over seeds"));
  EXPECT_LT(won, html.find("<h2>Curves</h2>"));
  EXPECT_LT(html.find("<h2>Curves</h2>"), html.find("<h2>Configuration differences</h2>"));
  EXPECT_THAT(html, Not(HasSubstr("<code>name</code>"))) << "a name is no difference";

  const std::vector<report::Run> loaded = load_runs(runs);
  const auto metric = deciding_metric(loaded);
  ASSERT_TRUE(metric);
  EXPECT_EQ(metric->name, "eval/accuracy");
  EXPECT_TRUE(metric->larger_is_better);
  EXPECT_EQ(ranking(loaded, *metric).front().run, 2u);
  const auto groups = seed_groups(loaded, *metric);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].label, "optimizer.learning_rate=0.004000");
  EXPECT_THAT(groups[1].runs, ElementsAre(0, 1));
  const double a = number_of(loaded[0].summary["best"]["value"]), b = number_of(loaded[1].summary["best"]["value"]);
  EXPECT_DOUBLE_EQ(groups[1].mean, (a + b) / 2);
  EXPECT_NEAR(groups[1].deviation, std::abs(a - b) / std::sqrt(2), 1e-12);
  EXPECT_THAT(sweep_table(runs), HasSubstr("standard deviation"));
}

TEST_F(Report, AxesSayWhatTheyShowAndOneDotIsNoChart) {
  const fs::path run = make("a", {.steps = 300, .finished = false});
  metrics::JsonLinesSink sink(run / "metrics.jsonl");
  sink.write({301, 2, 10, {{"train/step_size", 0.1}, {"time/probe", 2.5}, {"eval/once", 7}}});
  sink.write({302, 3, 10, {{"train/step_size", 0.05}, {"time/probe", 2.5}}});
  const std::string html = page({run});
  for (const char* words : {"<h4>learning rate</h4>", "probe (ms per step)", "time (seconds)", "gradient norm"})
    EXPECT_THAT(html, HasSubstr(words));
  EXPECT_THAT(html, Not(HasSubstr("<h4>once</h4>")));
  EXPECT_THAT(html, HasSubstr("<code>eval/once</code>")) << "its number is told nevertheless";
}

TEST_F(Report, ARunThatWasKilledIsReportedAsFarAsItGot) {
  const fs::path run = make("a", {.steps = 300, .finished = false});
  io::OutputFile(run / "metrics.jsonl", io::OpenMode::append).write("{\"step\":301,\"tra");
  const std::string html = page({run});
  EXPECT_THAT(html, HasSubstr("is still running, or was killed"));
  EXPECT_THAT(html, HasSubstr("Its last record is of step 300"));
  EXPECT_THAT(html, HasSubstr("<h4>loss</h4>"));
}

TEST_F(Report, AFailedRunSaysWhy) {
  const fs::path run = make("a", {.steps = 300});
  io::write_file_atomically(run / "summary.json",
                            R"({"name":"x","status":"failed","reason":"loss is nan at step 7",
                                "metrics":{"train/loss":"nan"}})");
  const std::string html = page({run});
  EXPECT_THAT(html, HasSubstr("✗ failed"));
  EXPECT_THAT(html, HasSubstr("loss is nan at step 7"));
}

TEST_F(Report, HostileNamesAreEscapedEverywhere) {
  const std::string attack = "<script>alert('x')</script>";
  const fs::path run = folder_.path() / "hostile";
  fs::create_directories(run);
  io::write_file_atomically(run / "config.yaml", "\"" + attack + "\": \"" + attack + "\"\n");
  io::write_file_atomically(run / "environment.json", "{\"" + attack + "\":\"" + attack + "\"}");
  metrics::JsonLinesSink(run / "metrics.jsonl").write({1, 0, 0, {{attack, 1.0}, {"eval/" + attack, 2.0}}});
  io::write_file_atomically(run / "summary.json", "{\"name\":\"" + attack + "\",\"status\":\"" + attack +
                                                      "\",\"reason\":\"" + attack + "\",\"best\":{\"metric\":\"" +
                                                      attack + "\",\"value\":1},\"expectations\":[{\"claim\":\"" +
                                                      attack + "\",\"metric\":\"" + attack + "\",\"at\":\"" + attack +
                                                      "\",\"expected\":\"" + attack + "\",\"tolerance\":\"" + attack +
                                                      "\",\"got\":1,\"met\":true,\"source\":\"" + attack + "\"}]}");
  plot::Figure figure;
  figure.name = "figure";
  figure.title = figure.caption = figure.x_label = attack;
  figure.series = {{attack, {1, 2}, {1, 2}}};
  plot::save_figure(figure, run / "figures");
  EXPECT_THAT(page({run}), Not(HasSubstr("<script")));
  EXPECT_THAT(page({run, run}), Not(HasSubstr("<script")));
}

TEST_F(Report, DamageIsToldInThePageAndReturned) {
  const fs::path run = make("a", {.steps = 300});
  io::write_file_atomically(run / "metrics.jsonl", "not json\n{\"step\":1}\n");
  io::write_file_atomically(run / "environment.json", "[");
  io::write_file_atomically(run / "config.yaml", "a: [");
  io::write_file_atomically(run / "figures" / "confusion.json", "{\"series\":[{}]}");
  io::write_file_atomically(run / "summary.json",
                            R"({"steps":"many","best":{"metric":1,"value":null},"metrics":[1],"expectations":[1,{}]})");
  const std::string html = page({run});
  EXPECT_EQ(problems_.size(), 4u);
  EXPECT_THAT(html, HasSubstr("metrics.jsonl:1"));
}

TEST_F(Report, ListsInTheSummaryAreStatedMemberByMember) {
  const fs::path run = make("a", {.steps = 300});
  io::write_file_atomically(
      run / "summary.json",
      R"({"changed_files":[{"step":120,"files":[{"path":"data.csv","change":"grew by a row"}]}]})");
  const std::string html = page({run});
  EXPECT_THAT(html, HasSubstr("changed_files.0.step"));
  EXPECT_THAT(html, HasSubstr("changed_files.0.files.0.change"));
  EXPECT_THAT(html, HasSubstr("grew by a row"));
}

TEST_F(Report, WithoutGnuplotTheNumbersAreStillThere) {
  const fs::path run = make("a", {.steps = 300});
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nonexistent", 1);
  const std::string html = page({run});
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(html, HasSubstr("install gnuplot-nox"));
  EXPECT_THAT(html, HasSubstr("✓ holds"));
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("gnuplot")));
}

TEST_F(Report, AFolderThatIsNoRunIsRefused) {
  EXPECT_THROW(page({folder_.path()}), DataError);
  EXPECT_THROW(page({folder_.path() / "absent"}), DataError);
  EXPECT_THROW(page({}), UsageError);
}

TEST_F(Report, TheSweepTableAlignsSweptKeysAndResults) {
  const fs::path a = make("a", {.name = "谷", .learning_rate = 1e-3, .steps = 300});
  const fs::path b = make("b", {.name = "killed", .learning_rate = 4e-3, .steps = 300, .finished = false});
  const std::string table = sweep_table({a, b});
  EXPECT_THAT(table, HasSubstr("optimizer.learning_rate"));
  EXPECT_THAT(table, HasSubstr("0.004000"));
  EXPECT_THAT(table, HasSubstr("best eval/accuracy"));
  EXPECT_THAT(table, HasSubstr("unfinished"));
  EXPECT_THAT(table, Not(HasSubstr("train/loss")));
  EXPECT_EQ(count(table, "\n"), 4u);
}

TEST(FlattenYaml, GivesDottedKeysInTheirOrder) {
  EXPECT_THAT(flatten_yaml("b: 1\na:\n  c: [1, two]\n  d: [{e: x}, {e: ~}]\n"),
              ElementsAre(Pair("b", "1"), Pair("a.c", "[1, two]"), Pair("a.d[0].e", "x"), Pair("a.d[1].e", "null")));
}

TEST(Html, Escapes) {
  EXPECT_EQ(escape("<a href=\"x\">'&\x01\xFF"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp; \uFFFD");
}

TEST(Html, NumbersForReading) {
  EXPECT_EQ(readable(1234567), "1\u202F234\u202F567");
  EXPECT_EQ(readable(-0.5), "−0.5");
  EXPECT_EQ(readable(1e-9), "1e−09");
  EXPECT_EQ(readable(-INFINITY), "−inf");
}

}  // namespace
}  // namespace talweg::report
