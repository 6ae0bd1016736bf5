#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/io/line_process.h"

namespace talweg::tasks {

struct WorkerPoolOptions {
  std::vector<std::string> command;
  std::string folder{};  ///< in which it is started; empty: in that of this process
  std::int64_t workers = 1;
  double timeout = 60;  ///< seconds for one answer
  std::int64_t attempts = 3;
};

/// Several processes of one program, each of which answers a line with a line. A worker that ends, or takes too long,
/// is replaced, and what it was asked is asked again.
class WorkerPool {
 public:
  explicit WorkerPool(WorkerPoolOptions options);

  /// Asks all questions, in any order, and hands on every answer as it arrives. `name` says in messages which one it
  /// is: "at x = 3". Throws Interruption when a signal was received, TrainingError when a question was asked `attempts`
  /// times in vain, or the program answers what was not asked or without end; what `answered` throws passes.
  void ask(std::span<const std::string> questions,
           const std::function<void(std::size_t question, const std::string& answer)>& answered,
           const std::function<std::string(std::size_t question)>& name);

  /// Workers that had to be replaced so far.
  std::int64_t replaced() const { return replaced_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Worker {
    std::unique_ptr<io::LineProcess> process;
    std::deque<std::size_t> asked{};  ///< questions that it was sent, in order
    Clock::time_point since{};        ///< when it began on the first of them
  };
  class Session;

  WorkerPoolOptions options_;
  std::vector<Worker> workers_;
  std::int64_t replaced_ = 0;
};

}  // namespace talweg::tasks
