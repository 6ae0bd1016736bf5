#include "core/metrics/tensorboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/error.h"
#include "core/io/crc32c.h"
#include "core/temporary_folder.h"

namespace talweg::metrics {
namespace {

// RFC 3720 §B.4 and the check value of the CRC catalogue.
TEST(Crc32c, PublishedVectors) {
  EXPECT_EQ(io::crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(io::crc32c(""), 0u);
  EXPECT_EQ(io::crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(io::crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
}

TEST(TensorBoard, FrameIsLengthChecksumPayloadChecksum) {
  const std::string frame = tfrecord_frame("abc");
  ASSERT_EQ(frame.size(), 8 + 4 + 3 + 4u);
  EXPECT_EQ(frame.substr(0, 8), std::string("\x03\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(frame.substr(12, 3), "abc");
  // The mask of the format: rotate right by 15, add 0xA282EAD8.
  const uint32_t crc = io::crc32c("abc");
  const uint32_t masked = ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(static_cast<unsigned char>(frame[15 + i]), masked >> (8 * i) & 0xFF);
}

TEST(TensorBoard, ScalarEventHasTheBytesOfTheProtocol) {
  const testing::TemporaryFolder folder;
  TensorBoardSink sink(folder.path());
  const size_t beginning = std::filesystem::file_size(sink.path());
  sink.write({300, 0, 0, {{"loss", 0.5}}});
  const std::string file = io::read_whole_file(sink.path());
  EXPECT_THAT(file, ::testing::HasSubstr("\x1a\x0d"
                                         "brain.Event:2"));
  const std::string event = file.substr(beginning + 12, file.size() - beginning - 16);
  // wall_time: field 1, eight bytes; step 300; summary {value {tag "loss", simple_value 0.5f}}.
  EXPECT_EQ(event[0], '\x09');
  EXPECT_EQ(event.substr(9), std::string("\x10\xAC\x02"
                                         "\x2a\x0d"
                                         "\x0a\x0b"
                                         "\x0a\x04loss"
                                         "\x15\x00\x00\x00\x3f",
                                         18));
}

TEST(TensorBoard, FilesOfQuickSuccessionSortInTheirOrder) {
  const testing::TemporaryFolder folder;
  std::set<std::string> names;
  for (int i = 0; i < 3; ++i) {
    const std::string name = TensorBoardSink(folder.path()).path().filename().string();
    EXPECT_TRUE(names.empty() || *names.rbegin() < name);
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 3u);
}

TEST(TensorBoard, AMissingFolderIsASystemError) {
  EXPECT_THROW(TensorBoardSink("/nonexistent/run"), SystemError);
}

}  // namespace
}  // namespace talweg::metrics
