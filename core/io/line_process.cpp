#include "core/io/line_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "core/error.h"

namespace talweg::io {
namespace {

/// Of a program's messages as much is kept.
constexpr std::size_t kMessagesKept = 4096;
/// How long a program that closed its output may take to end by itself.
constexpr std::chrono::milliseconds kLastMoments(200);

struct Pipe {
  int read = -1, write = -1;
};

void close_both(const Pipe& pipe) {
  if (pipe.read >= 0) ::close(pipe.read);
  if (pipe.write >= 0) ::close(pipe.write);
}

/// All that happens between fork and exec; allocates nothing.
[[noreturn]] void become(char* const* arguments, const Pipe& in, const Pipe& out, const Pipe& err, int failure,
                         const char* folder, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it ended before it could be watched
  ::dup2(in.read, 0);
  ::dup2(out.write, 1);
  ::dup2(err.write, 2);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  ::signal(SIGUSR1, SIG_DFL);
  if (*folder == '\0' || ::chdir(folder) == 0) ::execvp(arguments[0], arguments);
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(failure, &error, sizeof error);
  ::_exit(127);
}

/// While it lives, writing to a program that has ended is an error in place of a signal.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, &earlier_);
  }
  ~WithoutPipeSignal() { sigaction(SIGPIPE, &earlier_, nullptr); }
  WithoutPipeSignal(const WithoutPipeSignal&) = delete;
  WithoutPipeSignal& operator=(const WithoutPipeSignal&) = delete;

 private:
  struct sigaction earlier_ {};
};

/// Appends what can be read now. False at the end.
bool read_into(int descriptor, std::string& text) {
  char bytes[65536];
  for (;;) {
    const ssize_t count = ::read(descriptor, bytes, sizeof bytes);
    if (count > 0) {
      text.append(bytes, static_cast<std::size_t>(count));
      if (count < static_cast<ssize_t>(sizeof bytes)) return true;
    } else if (count == 0) {
      return false;
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
}

}  // namespace

std::optional<std::string> find_program(const std::string& name) {
  namespace fs = std::filesystem;
  const auto runs = [](const std::string& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) return runs(name) ? std::optional(name) : std::nullopt;
  const char* folders = std::getenv("PATH");
  std::string_view rest = folders ? folders : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    const std::string path = fmt::format("{}/{}", folder.empty() ? "." : folder, name);
    if (runs(path)) return path;
  }
  return std::nullopt;
}

LineProcess::LineProcess(const std::vector<std::string>& command, const std::string& folder) {
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  Pipe in, out, err, failure;
  for (Pipe* pipe : {&in, &out, &err, &failure}) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      const int error = errno;
      for (const Pipe& made : {in, out, err, failure}) close_both(made);
      throw SystemError(fmt::format("cannot start '{}': {}", words.front(), std::generic_category().message(error)));
    }
    *pipe = {ends[0], ends[1]};
  }
  const pid_t self = ::getpid();
  process_ = ::fork();
  if (process_ == 0) become(arguments.data(), in, out, err, failure.write, folder.c_str(), self);
  int error = process_ < 0 ? errno : 0;
  for (const int end : {in.read, out.write, err.write, failure.write}) ::close(end);
  input_ = in.write, output_ = out.read, messages_ = err.read;
  while (error == 0 && ::read(failure.read, &error, sizeof error) < 0 && errno == EINTR) {
  }
  ::close(failure.read);
  if (error != 0) {
    if (process_ > 0) end();
    for (const int open : {input_, output_, messages_}) ::close(open);
    throw SystemError(fmt::format("cannot start '{}': {}", words.front(), std::generic_category().message(error)));
  }
  for (const int descriptor : {input_, output_, messages_}) ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
}

LineProcess::~LineProcess() {
  end();
  for (const int descriptor : {input_, output_, messages_})
    if (descriptor >= 0) ::close(descriptor);
}

void LineProcess::send(std::string_view line) {
  unsent_ += line;
  unsent_ += '\n';
}

bool LineProcess::flush() {
  const WithoutPipeSignal quiet;
  while (!unsent_.empty()) {
    const ssize_t written = ::write(input_, unsent_.data(), unsent_.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno == EAGAIN;
    unsent_.erase(0, static_cast<std::size_t>(written));
  }
  return true;
}

bool LineProcess::receive() {
  received_.erase(0, std::exchange(read_, 0));
  return read_into(output_, received_);
}

void LineProcess::receive_messages() {
  if (messages_ < 0) return;
  if (!read_into(messages_, told_)) ::close(std::exchange(messages_, -1));
  if (told_.size() > kMessagesKept) told_.erase(0, told_.size() - kMessagesKept);
}

std::optional<std::string> LineProcess::line() {
  const std::size_t stop = received_.find('\n', read_);
  if (stop == std::string::npos) return std::nullopt;
  std::string text = received_.substr(read_, stop - read_);
  read_ = stop + 1;
  return text;
}

std::string LineProcess::last_words() const {
  std::string_view text = told_;
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  constexpr std::size_t kShown = 400;
  if (text.size() > kShown) text.remove_prefix(text.size() - kShown);
  return std::string(text);
}

std::string LineProcess::end() {
  if (process_ <= 0) return ending_;
  int status = 0;
  pid_t gone = 0;
  const auto begin = std::chrono::steady_clock::now();
  // A program whose output ended says itself how it went.
  char byte;
  const bool is_over = ::read(output_, &byte, 1) == 0;
  while ((gone = ::waitpid(process_, &status, WNOHANG)) == 0 && is_over &&
         std::chrono::steady_clock::now() - begin < kLastMoments)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ::kill(-process_, SIGKILL);
  ::kill(process_, SIGKILL);
  while (gone == 0 && (gone = ::waitpid(process_, &status, 0)) < 0 && errno == EINTR) gone = 0;
  process_ = -1;
  receive_messages();
  ending_ = WIFSIGNALED(status)
                ? fmt::format("was ended by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)))
                : fmt::format("ended with status {}", WEXITSTATUS(status));
  return ending_;
}

}  // namespace talweg::io
