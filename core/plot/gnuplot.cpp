#include "core/plot/gnuplot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/error.h"
#include "core/io/output_file.h"
#include "core/io/utf8.h"

extern char** environ;

namespace talweg::plot {

std::string gnuplot_string(std::string_view text) {
  std::string literal = "\"";
  for (char c : io::valid_utf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (byte < 0x20 || byte == 0x7F) {
      literal += ' ';
    } else if (letter || c == ' ') {
      literal += c;
    } else {
      literal += fmt::format("\\{:03o}", byte);
    }
  }
  return literal + '"';
}

void run_gnuplot(const std::filesystem::path& script) {
  std::filesystem::path messages = script;
  messages += ".messages";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, messages.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  std::string program = "gnuplot", defaults = "-d", file = script.string();
  char* const arguments[] = {program.data(), defaults.data(), file.data(), nullptr};
  pid_t process = 0;
  const int failed = ::posix_spawnp(&process, "gnuplot", &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed == ENOENT)
    throw SystemError(
        "plots are drawn by gnuplot, which is not installed: install gnuplot-nox "
        "(Debian: apt-get install gnuplot-nox)");
  if (failed) throw SystemError("cannot start gnuplot: " + std::generic_category().message(failed));

  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  // posix_spawn may report a missing program only as exit status 127 of the child.
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) throw SystemError("gnuplot cannot be run: install gnuplot-nox");
  throw SystemError(fmt::format("gnuplot failed: {}", io::read_whole_file(messages)));
}

}  // namespace talweg::plot
