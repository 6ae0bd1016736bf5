// Programs as oracles: values, workers that end, hang and talk, and the log that outlives a kill.
#include "tasks/black_box/program/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <sstream>

#include "complaint.h"
#include "core/error.h"
#include "core/files/yaml.h"
#include "core/random/random_streams.h"
#include "core/temporary_folder.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

/// The oracle of a shell script that reads lines of JSON; its variable is x in 0..10.
std::unique_ptr<Oracle> shell(const std::string& script, const std::string& more = "") {
  register_components();
  std::string quoted;
  for (const char c : script) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  config::Component<OracleKind> component;
  config::Diagnostics diagnostics;
  component.parse(
      config::parse_yaml("{type: program, command: [sh, -c, '" + quoted + "'], over: {x: 0..10}" + more + "}", "test"),
      diagnostics, "oracle");
  diagnostics.throw_if_any();
  return component.create();
}

std::vector<double> observe(Oracle& oracle, const std::vector<double>& points) {
  std::vector<std::uint64_t> seeds;
  for (std::size_t i = 0; i < points.size(); ++i) seeds.push_back(RandomStreams(1).seed_of("draw", i));
  std::vector<double> values(points.size());
  oracle.observe(points.data(), static_cast<std::int64_t>(points.size()), seeds, values.data());
  return values;
}

/// Answers with the x that it reads.
const char* const kEcho = "while read line; do x=${line#*:*:}; echo ${x%%\\}*}; done";

std::string lines_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

TEST(ProgramOracle, AsksSeveralWorkersAndPutsTheirAnswersInOrder) {
  std::vector<double> points;
  for (int i = 0; i < 100; ++i) points.push_back(0.1 * i);
  EXPECT_EQ(observe(*shell(kEcho, ", workers: 3"), points), points);
}

TEST(ProgramOracle, ReadsNumbersObjectsAndWhatIsNotFinite) {
  EXPECT_EQ(observe(*shell("while read l; do echo '{\"value\": 2.5}'; done"), {1}), std::vector<double>{2.5});
  for (const char* word : {"null", "NaN", "-Infinity", "{\"value\": NaN}"})
    EXPECT_TRUE(std::isnan(observe(*shell(std::string("while read l; do echo '") + word + "'; done"), {1}).front()))
        << word;
}

// The worker ends at its third question; those that it was asked are asked of the next one, and no answer is lost.
TEST(ProgramOracle, ReplacesWorkersThatEndAndAsksAgain) {
  const std::string two = "for i in 1 2; do read line; x=${line#*:*:}; echo ${x%%\\}*}; done";
  const std::vector<double> points = {1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(observe(*shell(two, ", workers: 2"), points), points);
}

TEST(ProgramOracle, ReplacesWorkersThatHang) {
  const testing::TemporaryFolder folder;
  const std::string flag = (folder.path() / "hung").string();
  const std::string once = "[ -e " + flag + " ] || { touch " + flag + "; sleep 100; }; " + kEcho;
  EXPECT_EQ(observe(*shell(once, ", timeout: 0.2"), {3}), std::vector<double>{3});
}

TEST(ProgramOracle, SaysWhatIsWrongWithAProgramAndWhere) {
  const auto complaint = [](const std::string& script, const std::string& more = "") {
    return testing::complaint([&] { observe(*shell(script, more), {3}); });
  };
  EXPECT_EQ(complaint("read l; echo no licence >&2; exit 3"),
            "the program ended with status 3 at x = 3, 3 times in a row; it said last: no licence");
  EXPECT_EQ(complaint("sleep 100", ", timeout: 0.1, attempts: 2"),
            "the program did not answer within 0.1 s at x = 3, 2 times in a row");
  EXPECT_THAT(complaint("while read l; do echo hello; done"),
              ::testing::StartsWith("the program answers 'hello' at x = 3, which is no number"));
  EXPECT_THAT(complaint("echo ready; cat"), ::testing::HasSubstr("'ready'"));
  EXPECT_THAT(complaint("cat /dev/zero | tr '\\0' x"),
              ::testing::StartsWith("the program writes more than 1048576 bytes without an end of the line at x = 3"));
  EXPECT_EQ(complaint("kill -9 $$", ", attempts: 1"), "the program was ended by signal 9 (Killed) at x = 3");
}

TEST(ProgramOracle, RefusesACommandThatCannotBeStarted) {
  register_components();
  const auto complaint = [](const std::string& options) {
    return testing::complaint([&] {
      config::Component<OracleKind> component;
      config::Diagnostics diagnostics;
      component.parse(config::parse_yaml("{type: program, " + options + "}", "test"), diagnostics, "oracle");
      diagnostics.throw_if_any();
    });
  };
  EXPECT_EQ(complaint("command: [pythn], over: {x: 0..1}"),
            "test:1:26: there is no program 'pythn' that can be started");
  EXPECT_EQ(complaint("command: [], over: {x: 0..1}"),
            "test:1:26: 'command' names the program and its arguments: [python3, simulate.py]");
  EXPECT_EQ(complaint("command: [sh], over: {}"), "test:1:38: 'over' names one variable at least");
  EXPECT_EQ(complaint("command: [sh], over: {x: 0..1}, workers: 0"),
            "test:1:58: 'workers' must be at least 1, found '0'");
}

// Of five values three were answered when the program failed; the next session asks for the other two alone.
TEST(EvaluationLog, KeepsWhatWasAnsweredAndAsksNothingTwice) {
  const testing::TemporaryFolder folder;
  const std::string counted = (folder.path() / "asked").string();
  const std::string body = "x=${line#*:*:}; x=${x%%\\}*}; echo $x >> " + counted + "; echo $x; done";
  const std::vector<double> points = {1, 2, 3, 4, 5};
  {
    const auto fails = shell("for i in 1 2 3; do read line; " + body + "; read line; exit 1", ", attempts: 1");
    fails->keep_in(folder.path());
    EXPECT_THAT(testing::complaint([&] { observe(*fails, points); }), ::testing::HasSubstr("at x = 4"));
  }
  const auto goes_on = shell("while read line; do " + body);
  goes_on->keep_in(folder.path());
  EXPECT_EQ(observe(*goes_on, points), points);
  EXPECT_EQ(lines_of(counted), "1.0\n2.0\n3.0\n4.0\n5.0\n");
}

TEST(EvaluationLog, ForgetsALineThatWasCutShortAndRefusesOneThatIsDamaged) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "evaluations.jsonl";
  const double x[] = {0.1, -3};
  {
    EvaluationLog log(file, {"a", "b"});
    log.add(x, 1, 2.5);
    log.add(x, 2, std::nan(""));
    log.add(x, ~std::uint64_t{0}, -std::numeric_limits<double>::infinity());
  }
  std::ofstream(file, std::ios::app) << "{\"x\":{\"a\":0.1,\"b\":";
  {
    EvaluationLog log(file, {"a", "b"});
    EXPECT_EQ(log.size(), 3u);
    EXPECT_EQ(log.find(x, 1), 2.5);
    EXPECT_TRUE(std::isnan(*log.find(x, 2)));
    EXPECT_EQ(log.find(x, ~std::uint64_t{0}), -std::numeric_limits<double>::infinity());
    EXPECT_FALSE(log.find(x, 3));
    log.add(x, 3, 4);
  }
  std::string text = lines_of(file);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
  text[text.find("2.5")] = '7';
  std::ofstream(file) << text;
  EXPECT_EQ(testing::complaint([&] {
              EvaluationLog(file, {"a", "b"});
            }),
            file.string() +
                ":1: the line is damaged (its sum does not fit); take the line out, and this evaluation is made again");
}

}  // namespace
}  // namespace talweg::tasks
