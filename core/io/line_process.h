#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talweg::io {

/// Where a program lies that is started by this name: a path as it stands where it has a slash, else the first in the
/// folders of PATH. Nothing when there is none that may be executed.
std::optional<std::string> find_program(const std::string& name);

/// A program that is written lines to and writes lines. Nothing here waits: both ends are buffered, and descriptors are
/// there to wait for. It ends with the process that started it, whatever that ends of, and hears none of the signals of
/// its terminal.
class LineProcess {
 public:
  /// Starts `command`, a program and its arguments, in a folder (empty: in that of this process). Throws SystemError.
  explicit LineProcess(const std::vector<std::string>& command, const std::string& folder = "");
  /// Kills it, and all that it started.
  ~LineProcess();
  LineProcess(const LineProcess&) = delete;
  LineProcess& operator=(const LineProcess&) = delete;

  /// Descriptors for poll: its input (wanted while unsent() is above 0), its output, its messages (−1 when they ended).
  int input() const { return input_; }
  int output() const { return output_; }
  int messages() const { return messages_; }

  /// Puts a line, without its end, behind what is to be sent.
  void send(std::string_view line);
  /// Bytes that were not taken yet.
  std::size_t unsent() const { return unsent_.size(); }
  /// Sends as much as is taken now. False when the program reads no more.
  bool flush();
  /// Takes what is there of its output. False when it has ended.
  bool receive();
  /// Takes what is there of its messages (standard error), of which the end is kept.
  void receive_messages();
  /// The next whole line of its output.
  std::optional<std::string> line();
  /// Bytes of its output that are no whole line yet.
  std::string_view unfinished() const { return std::string_view(received_).substr(read_); }
  /// The last lines of its messages.
  std::string last_words() const;
  /// Kills it if it has not ended, and says how it ended: "ended with status 3", "was ended by signal 11 (…)".
  std::string end();

 private:
  pid_t process_ = -1;
  int input_ = -1, output_ = -1, messages_ = -1;
  std::string unsent_, received_, told_, ending_;
  std::size_t read_ = 0;  // bytes of received_ that were handed out
};

}  // namespace talweg::io
