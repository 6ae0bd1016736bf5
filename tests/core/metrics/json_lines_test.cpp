#include "core/metrics/json_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/io/atomic_file.h"
#include "core/temporary_folder.h"

namespace talweg::metrics {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class JsonLines : public ::testing::Test {
 protected:
  fs::path file() const { return folder_.path() / "metrics.jsonl"; }
  void put(std::string_view text) const { io::write_file_atomically(file(), text); }
  std::string content() const { return io::read_whole_file(file()); }
  std::string error_of_reading() const {
    try {
      read_metrics(file());
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(JsonLines, OneFlatObjectPerLine) {
  JsonLinesSink sink(file());
  sink.write({10, 1.2, 0.5, {{"train/loss", 0.3}}});
  sink.write({11, 1.25, 0.55, {}});
  EXPECT_EQ(content(),
            "{\"step\":10,\"seconds\":1.2,\"epoch\":0.5,\"train/loss\":0.3}\n"
            "{\"step\":11,\"seconds\":1.25,\"epoch\":0.55}\n");
}

TEST_F(JsonLines, EveryDoubleComesBackWithItsBits) {
  using limits = std::numeric_limits<double>;
  const Record record{int64_t{1} << 53,
                      0.1,
                      1.0 / 3,
                      {{"smallest", limits::denorm_min()},
                       {"largest", limits::max()},
                       {"integer", -9007199254740993.0},
                       {"huge integer", 1e19},
                       {"minus zero", -0.0},
                       {"infinite", limits::infinity()},
                       {"minus infinite", -limits::infinity()},
                       {"a\"b\\c\n谷", 1}}};
  JsonLinesSink(file()).write(record);
  const auto records = read_metrics(file());
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0], record);
  EXPECT_TRUE(std::signbit(records[0].values[4].second));
}

TEST_F(JsonLines, NotANumberIsWrittenAsText) {
  JsonLinesSink(file()).write({1, 0, 0, {{"loss", std::nan("")}}});
  EXPECT_THAT(content(), HasSubstr("\"loss\":\"nan\""));
  EXPECT_TRUE(std::isnan(read_metrics(file())[0].values[0].second));
}

TEST_F(JsonLines, ReservedNamesAreRefused) {
  EXPECT_THROW(to_json_line({1, 0, 0, {{"epoch", 1.0}}}), std::invalid_argument);
}

TEST_F(JsonLines, InvalidUtf8InANameStaysReadable) {
  JsonLinesSink(file()).write({1, 0, 0, {{"l\xFFss", 1.0}}});
  EXPECT_EQ(read_metrics(file())[0].values[0].first, "l\uFFFDss");
}

TEST_F(JsonLines, AnUnfinishedLastLineIsLeftOut) {
  put("{\"step\":1,\"a\":1}\n{\"step\":2,\"a\":");
  EXPECT_THAT(read_metrics(file()), SizeIs(1));
  put("{\"step\":1");
  EXPECT_THAT(read_metrics(file()), SizeIs(0));
}

TEST_F(JsonLines, TheNextSessionDoesNotGlueItsFirstLineToATornOne) {
  put("{\"step\":1,\"a\":1}\n{\"step\":2,\"a\":");
  JsonLinesSink(file()).write({2, 0, 0, {{"a", 2.0}}});
  const auto records = read_metrics(file());
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_EQ(records[1].values[0].second, 2);
}

TEST_F(JsonLines, OtherDamageNamesTheLine) {
  put("{\"step\":1}\n{\"step\":\n{\"step\":3}\n");
  EXPECT_THAT(error_of_reading(), HasSubstr("metrics.jsonl:2: the line is not a JSON object"));
  put("{\"step\":1,\"a\":[1]}\n");
  EXPECT_THAT(error_of_reading(), HasSubstr(":1: the line has [1] for 'a'"));
  put("{\"a\":1}\n");
  EXPECT_THAT(error_of_reading(), HasSubstr("has no 'step'"));
  put("{\"step\":\"x\"}\n");
  EXPECT_THAT(error_of_reading(), HasSubstr("for 'step'"));
}

TEST_F(JsonLines, TruncatingKeepsWholeLinesUpToTheStep) {
  put("{\"step\":1,\"a\":0.10}\n{\"step\":2}\n{\"step\":2,\"b\":1}\n{\"step\":3}\n{\"ste");
  truncate_after(file(), 2);
  EXPECT_EQ(content(), "{\"step\":1,\"a\":0.10}\n{\"step\":2}\n{\"step\":2,\"b\":1}\n");
  truncate_after(file(), 0);
  EXPECT_EQ(content(), "");
}

TEST_F(JsonLines, TruncatingAMissingFileIsFine) {
  truncate_after(file(), 2);
  EXPECT_FALSE(fs::exists(file()));
}

TEST_F(JsonLines, AFullDiskNamesTheFile) {
  JsonLinesSink sink("/dev/full");
  try {
    sink.write({1, 0, 0, {}});
    FAIL() << "a write to a full device was accepted";
  } catch (const SystemError& error) {
    EXPECT_THAT(error.what(), HasSubstr("/dev/full"));
    EXPECT_THAT(error.what(), HasSubstr("No space left"));
  }
}

}  // namespace
}  // namespace talweg::metrics
