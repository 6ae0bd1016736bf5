#include "core/io/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "core/io/output_file.h"
#include "core/temporary_folder.h"

namespace talweg::io {
namespace {

namespace fs = std::filesystem;
using talweg::testing::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::Not;

std::string message_of_write(const fs::path& path, std::string_view bytes) {
  try {
    write_file_atomically(path, bytes);
  } catch (const SystemError& error) {
    return error.what();
  }
  return "no error";
}

size_t count_files(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

/// While it lives, writing beyond `bytes` of a file fails with EFBIG, as a full disk would fail
/// with ENOSPC.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST(AtomicFile, CreatesAndReplaces) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "summary.json";
  write_file_atomically(file, "one");
  write_file_atomically(file, std::string_view("t\0wo", 4));
  EXPECT_EQ(read_whole_file(file), std::string("t\0wo", 4));
  EXPECT_EQ(count_files(folder.path()), 1u);
}

TEST(AtomicFile, KeepsPermissionsAndFollowsLinks) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "file", link = folder.path() / "link";
  write_file_atomically(file, "one");
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("file", link);
  write_file_atomically(link, "two");
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(read_whole_file(file), "two");
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(AtomicFile, AFailedWriteLeavesTheEarlierFileAndNothingElse) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "weights";
  write_file_atomically(file, "earlier");
  std::string message;
  {
    const FileSizeLimit limit(1000);
    message = message_of_write(file, std::string(5000, 'x'));
  }
  EXPECT_THAT(message, HasSubstr("cannot write"));
  EXPECT_THAT(message, HasSubstr("the earlier file '" + file.string() + "' is untouched"));
  EXPECT_EQ(read_whole_file(file), "earlier");
  EXPECT_EQ(count_files(folder.path()), 1u);
}

TEST(AtomicFile, MissingFolderIsNamed) {
  const TemporaryFolder folder;
  const std::string message = message_of_write(folder.path() / "absent" / "file", "x");
  EXPECT_THAT(message, HasSubstr("absent/file"));
  EXPECT_THAT(message, HasSubstr("the folder does not exist"));
  EXPECT_THAT(message, Not(HasSubstr("untouched")));
}

TEST(AtomicFile, DoesNotReplaceAFolder) {
  const TemporaryFolder folder;
  EXPECT_THAT(message_of_write(folder.path(), "x"), HasSubstr("Is a directory"));
}

TEST(OutputFile, AFullDeviceIsASystemErrorWithAdvice) {
  OutputFile full("/dev/full", OpenMode::append);
  try {
    full.write("x");
    FAIL() << "a write to a full device was accepted";
  } catch (const SystemError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'/dev/full': No space left on device; free some space"));
  }
}

TEST(ReadWholeFile, NamesWhatIsMissing) {
  const TemporaryFolder folder;
  EXPECT_THROW(read_whole_file(folder.path() / "absent"), DataError);
  EXPECT_THROW(read_whole_file(folder.path()), DataError);
}

}  // namespace
}  // namespace talweg::io
