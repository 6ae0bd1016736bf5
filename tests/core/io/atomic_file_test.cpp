#include "core/io/atomic_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>
#include <utility>

#include "core/io/mapped_file.h"
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

/// A pipe with a name, and whoever reads it, who does not wait.
class NamedPipe {
 public:
  explicit NamedPipe(const fs::path& path) : path_(path) { EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0); }
  ~NamedPipe() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  NamedPipe(const NamedPipe&) = delete;
  NamedPipe& operator=(const NamedPipe&) = delete;
  void open(int how) { descriptor_ = ::open(path_.c_str(), how | O_NONBLOCK); }
  void write(std::string_view bytes) const {
    EXPECT_EQ(::write(descriptor_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  std::string read() const {
    std::string bytes(1000, '\0');
    const ssize_t got = ::read(descriptor_, bytes.data(), bytes.size());
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
  }
  void close() { ::close(std::exchange(descriptor_, -1)); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  int descriptor_ = -1;
};

std::string message_of_read(const fs::path& path) {
  try {
    return "read: " + read_whole_file(path);
  } catch (const DataError& error) {
    return error.what();
  }
}

TEST(AtomicFile, WritesToWhatIsNoFileAndNeverReplacesIt) {
  const TemporaryFolder folder;
  NamedPipe pipe(folder.path() / "pipe");
  pipe.open(O_RDONLY);
  write_file_atomically(pipe.path(), "through");
  EXPECT_EQ(pipe.read(), "through");
  EXPECT_TRUE(fs::is_fifo(pipe.path()));
  fs::create_symlink("/dev/full", folder.path() / "full");
  EXPECT_THAT(message_of_write(folder.path() / "full", "x"),
              ::testing::AllOf(HasSubstr("No space left on device"), Not(HasSubstr("untouched"))));
  EXPECT_TRUE(fs::is_character_file(folder.path() / "full"));
  write_file_atomically("/dev/null", "x");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_EQ(count_files(folder.path()), 2u);
}

TEST(AtomicFile, WritesToADescriptorOfThisProcessWhereItStands) {
  const TemporaryFolder folder;
  const fs::path log = folder.path() / "log";
  const int descriptor = ::open(log.c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(::write(descriptor, "before ", 7), 7);
  write_file_atomically("/dev/fd/" + std::to_string(descriptor), "table ");
  ASSERT_EQ(::write(descriptor, "after", 5), 5);
  ::close(descriptor);
  EXPECT_EQ(read_whole_file(log), "before table after");
}

TEST(InputFile, NeverWaitsForAWriterThatDoesNotCome) {
  const TemporaryFolder folder;
  NamedPipe pipe(folder.path() / "pipe");
  EXPECT_THAT(message_of_read(pipe.path()), HasSubstr("a pipe into which nobody writes"));
  EXPECT_THROW(MappedFile(pipe.path()), DataError);
}

TEST(InputFile, ReadsAPipeToItsEndAndOfAFileNoMoreThanIsAsked) {
  const TemporaryFolder folder;
  NamedPipe pipe(folder.path() / "pipe");
  std::string content;
  std::thread reader;
  {
    const int keeps_open = ::open(pipe.path().c_str(), O_RDWR);  // a pipe with a writer who has not written
    pipe.open(O_WRONLY);
    reader = std::thread([&] { content = message_of_read(pipe.path()); });
    pipe.write("first ");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    pipe.write("second");
    // The reader has opened it when the bytes are gone.
    int left = 1;
    for (int i = 0; i < 5000 && left > 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ASSERT_EQ(::ioctl(keeps_open, FIONREAD, &left), 0);
    }
    ::close(keeps_open);
    pipe.close();
  }
  reader.join();
  EXPECT_EQ(content, "read: first second");
  write_file_atomically(folder.path() / "file", std::string(200'000, 'x') + "y");
  EXPECT_EQ(read_whole_file(folder.path() / "file").back(), 'y');
  EXPECT_EQ(read_at_most(folder.path() / "file", 3), "xxx");
  EXPECT_EQ(read_at_most(folder.path() / "file", 300'000).size(), 200'001u);
}

TEST(InputFile, EndsAtADeviceWithoutAnEnd) {
  EXPECT_EQ(message_of_read("/dev/null"), "read: ");
  EXPECT_THAT(message_of_read("/dev/zero"), HasSubstr("a device without an end"));
  EXPECT_THAT(message_of_read("/dev"), HasSubstr("it is a folder"));
}

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
