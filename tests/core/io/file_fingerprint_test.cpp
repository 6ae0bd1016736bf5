#include "core/io/file_fingerprint.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "complaint.h"
#include "core/temporary_folder.h"

namespace talweg::io {
namespace {

using testing::complaint;

class FileFingerprintTest : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& bytes) {
    const std::filesystem::path path = folder_.path() / name;
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    return path.string();
  }

  testing::TemporaryFolder folder_;
};

TEST_F(FileFingerprintTest, AFileThatWasOnlyTouchedIsTheSame) {
  const std::string path = write("a.csv", "1,2\n");
  const FileFingerprint before = fingerprint_of(path);
  std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) - std::chrono::hours(1));
  const FileFingerprint now = fingerprint_of(path);
  EXPECT_EQ(before.path, path);
  EXPECT_EQ(before.size, 4u);
  EXPECT_EQ(before.modified - now.modified, 3600);
  EXPECT_TRUE(changes_between({before}, {now}).empty());
}

TEST_F(FileFingerprintTest, GrowthShrinkageAndOtherContentsAreTold) {
  const FileFingerprint before = fingerprint_of(write("a.csv", "1,2\n"));
  const auto change = [&](const std::string& bytes) {
    const FileChanges changes = changes_between({before}, {fingerprint_of(write("a.csv", bytes))});
    return changes.empty() ? std::string() : changes.at(0).change;
  };
  EXPECT_EQ(change("1,2\n"), "");
  EXPECT_EQ(change("1,2\n3,4\n"), "grew from 4 to 8 bytes");
  EXPECT_EQ(change("1,"), "shrank from 4 to 2 bytes");
  EXPECT_EQ(change("1,3\n").find("has the same size of 4 bytes but other contents, written 20"), 0u);
}

TEST_F(FileFingerprintTest, MissingAndNewFilesAreTold) {
  const FileFingerprint first = fingerprint_of(write("part-1.bin", "aa")),
                        second = fingerprint_of(write("part-2.bin", "bb"));
  const FileFingerprint third = fingerprint_of(write("part-3.bin", "ccc"));
  std::filesystem::remove(second.path);
  EXPECT_EQ(describe(changes_between({first, second}, {first, third})),
            "'" + second.path + "' is missing; '" + third.path + "' is new, of 3 bytes");
  EXPECT_EQ(describe(changes_between({first, third}, {first})), "'" + third.path + "' is not read any more");
}

TEST_F(FileFingerprintTest, OfALargeFileBothEndsAreLookedAt) {
  std::string bytes(std::size_t{5} << 20, 'x');
  const FileFingerprint before = fingerprint_of(write("large.bin", bytes));
  const auto differs_at = [&](std::size_t place) {
    std::string other = bytes;
    other[place] = 'y';
    return !changes_between({before}, {fingerprint_of(write("large.bin", other))}).empty();
  };
  EXPECT_TRUE(differs_at(0));
  EXPECT_TRUE(differs_at((std::size_t{1} << 20) - 1));
  EXPECT_TRUE(differs_at(bytes.size() - (std::size_t{1} << 20)));
  EXPECT_TRUE(differs_at(bytes.size() - 1));
  EXPECT_FALSE(differs_at(bytes.size() / 2));  // the price of not reading it whole
}

TEST_F(FileFingerprintTest, OfASmallFileEveryByteIsLookedAt) {
  std::string bytes(std::size_t{2} << 20, 'x');
  const FileFingerprint before = fingerprint_of(write("small.bin", bytes));
  bytes[bytes.size() / 2] = 'y';
  EXPECT_EQ(changes_between({before}, {fingerprint_of(write("small.bin", bytes))}).size(), 1u);
}

TEST_F(FileFingerprintTest, AFileIsListedOnce) {
  const FileFingerprint file = fingerprint_of(write("a.csv", "1"));
  FileFingerprints list = {file};
  append(list, {file});
  EXPECT_EQ(list.size(), 1u);
  EXPECT_TRUE(changes_between({file, file}, {file}).empty());
}

TEST_F(FileFingerprintTest, SurvivesItsJson) {
  const FileFingerprints before = {fingerprint_of(write("a.csv", "1,2\n"))};
  const auto after = nlohmann::json::parse(nlohmann::json(before).dump()).get<FileFingerprints>();
  EXPECT_TRUE(changes_between(before, after).empty());
  EXPECT_EQ(after.at(0).modified, before.at(0).modified);
}

TEST_F(FileFingerprintTest, AFileThatIsNotThereIsNamed) {
  const std::string path = (folder_.path() / "absent.csv").string();
  EXPECT_NE(complaint([&] { fingerprint_of(path); }).find("absent.csv"), std::string::npos);
}

}  // namespace
}  // namespace talweg::io
