#include "core/metrics/progress.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <thread>

namespace talweg::metrics {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

std::string drain(int file_descriptor) {
  ::fcntl(file_descriptor, F_SETFL, O_NONBLOCK);
  std::string all;
  char buffer[4096];
  for (ssize_t n; (n = ::read(file_descriptor, buffer, sizeof buffer)) > 0;) all.append(buffer, static_cast<size_t>(n));
  return all;
}

/// A terminal of 60 columns, as seen from both of its ends.
class Terminal {
 public:
  Terminal() {
    winsize size{24, 60, 0, 0};
    EXPECT_EQ(::openpty(&screen_, &program_, nullptr, nullptr, &size), 0);
    ::setenv("TERM", "xterm", 1);
  }
  ~Terminal() {
    ::close(screen_);
    ::close(program_);
  }
  void resize(unsigned short columns) {
    winsize size{24, columns, 0, 0};
    ::ioctl(program_, TIOCSWINSZ, &size);
  }
  std::string seen() { return drain(screen_); }
  int program() const { return program_; }

 private:
  int screen_ = -1, program_ = -1;
};

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_), 0); }
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  std::string seen() { return drain(ends_[0]); }
  int program() const { return ends_[1]; }

 private:
  int ends_[2];
};

ProgressOptions options(int file_descriptor) {
  ProgressOptions result;
  result.total_steps = 100;
  result.file_descriptor = file_descriptor;
  return result;
}

/// "812 steps/s" of the last line.
std::string speed_in(const std::string& lines) {
  const size_t end = lines.rfind(" steps/s");
  return end == std::string::npos ? "" : lines.substr(lines.rfind(' ', end - 1), end - lines.rfind(' ', end - 1));
}

TEST(ProgressDisplay, TheSpeedIsThatOfStepsAndNotOfEvaluations) {
  Pipe log;
  ProgressDisplay display(options(log.program()));
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  display.show(10, 1, 2.5);
  const std::string before = speed_in(log.seen());
  EXPECT_NE(before, "");
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // an evaluation
  display.evaluated(10, 1, 2.5, {{"eval/accuracy", 0.5}});
  EXPECT_EQ(speed_in(log.seen()), before);
}

TEST(ProgressDisplay, RedrawsInPlaceOnATerminal) {
  Terminal terminal;
  ProgressDisplay display(options(terminal.program()));
  display.show(1, 0.1, 2.5);
  display.show(2, 0.2, 2.25);
  const std::string seen = terminal.seen();
  EXPECT_THAT(seen, HasSubstr("loss 2.25"));
  EXPECT_THAT(seen, Not(HasSubstr("\n")));
  display.finish();
  EXPECT_THAT(terminal.seen(), EndsWith("\n"));
}

TEST(ProgressDisplay, FollowsTheWidthOfTheTerminal) {
  Terminal terminal;
  ProgressDisplay display(options(terminal.program()));
  display.evaluated(1, 0.1, 2.5, {{"eval/accuracy", 0.5}});
  const size_t narrow = terminal.seen().size();
  terminal.resize(150);
  display.show(2, 0.1, 2.5);
  EXPECT_GT(terminal.seen().size(), narrow + 40);
}

TEST(ProgressDisplay, AMessageStandsOnItsOwnLineAboveTheBar) {
  Terminal terminal;
  ProgressDisplay display(options(terminal.program()));
  display.show(1, 0.1, 2.5);
  terminal.seen();
  display.note("checkpoint saved");
  const std::string seen = terminal.seen();
  EXPECT_EQ(seen.rfind("\r\x1b[Kcheckpoint saved\r\n\r", 0), 0u);
  EXPECT_THAT(seen, HasSubstr("loss 2.5"));
}

TEST(ProgressDisplay, NoColorIsHonoured) {
  Terminal terminal;
  ::setenv("NO_COLOR", "1", 1);
  ProgressDisplay display(options(terminal.program()));
  ::unsetenv("NO_COLOR");
  display.show(1, 0.1, 2.5);
  EXPECT_THAT(terminal.seen(), Not(HasSubstr("\x1b[3")));
}

TEST(ProgressDisplay, ALogGetsWholeLinesAtEvaluationAndAtTheEnd) {
  Pipe log;
  ProgressDisplay display(options(log.program()));
  EXPECT_FALSE(display.due());  // the first interval has not passed
  display.evaluated(50, 0.5, 0.25, {{"eval/accuracy", 0.75}});
  EXPECT_THAT(log.seen(), HasSubstr(" 50%  50/100  epoch 0.50  loss 0.25  accuracy 0.75"));
  display.note("saved");
  EXPECT_EQ(log.seen(), "saved\n");
  display.finish();
  EXPECT_EQ(log.seen(), "");  // the evaluation has told it already
}

TEST(ProgressDisplay, ALogOfAThousandEvaluationsHasTenLines) {
  Pipe log;
  ProgressOptions many = options(log.program());
  many.total_steps = 1000;
  many.line_seconds = 3600;
  ProgressDisplay display(many);
  for (int step = 1; step <= 1000; ++step) display.evaluated(step, 0.5, 0.25, {});
  display.finish();
  const std::string seen = log.seen();
  EXPECT_EQ(std::count(seen.begin(), seen.end(), '\n'), 10);
  EXPECT_THAT(seen, HasSubstr("1000/1000"));
}

TEST(ProgressDisplay, QuietShowsNothing) {
  Pipe log;
  auto quiet = options(log.program());
  quiet.quiet = true;
  ProgressDisplay display(quiet);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(display.due());
  display.evaluated(50, 0.5, 0.25, {});
  display.note("saved");
  display.finish();
  EXPECT_EQ(log.seen(), "");
}

TEST(ProgressDisplay, FallsDueAboutTenTimesASecond) {
  Terminal terminal;
  ProgressDisplay display(options(terminal.program()));
  int draws = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(450);
  while (std::chrono::steady_clock::now() < end) {
    draws += display.due();
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  EXPECT_GE(draws, 1);
  EXPECT_LE(draws, 5);
}

}  // namespace
}  // namespace talweg::metrics
