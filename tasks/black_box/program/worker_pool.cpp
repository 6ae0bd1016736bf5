#include "tasks/black_box/program/worker_pool.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/io/utf8.h"
#include "core/run/interruption.h"
#include "core/run/signal_watch.h"

namespace talweg::tasks {
namespace {

/// A line that is longer is no answer.
constexpr std::size_t kLongestAnswer = 1 << 20;
/// Questions that a worker has while many are waiting, so that it need not wait for the next one.
constexpr std::size_t kAhead = 2;

}  // namespace

/// One call of ask().
class WorkerPool::Session {
 public:
  Session(WorkerPool& pool, std::span<const std::string> questions,
          const std::function<void(std::size_t, const std::string&)>& answered,
          const std::function<std::string(std::size_t)>& name)
      : pool_(pool), questions_(questions), answered_(answered), name_(name), failures_(questions.size(), 0) {
    for (std::size_t i = 0; i < questions.size(); ++i) waiting_.push_back(i);
    left_ = questions.size();
  }

  void carry_out() {
    while (left_ > 0) {
      distribute();
      wait();
      if (signals_.received() != 0) throw Interruption{signals_.received()};
      for (Worker& worker : pool_.workers_) attend(worker);
    }
  }

 private:
  void distribute() {
    for (std::size_t depth = 1; depth <= kAhead; ++depth)
      for (Worker& worker : pool_.workers_) {
        const bool many = waiting_.size() > 2 * pool_.workers_.size();
        if (waiting_.empty() || worker.asked.size() >= depth || (depth > 1 && !many)) continue;
        if (!worker.process)
          worker.process = std::make_unique<io::LineProcess>(pool_.options_.command, pool_.options_.folder);
        if (worker.asked.empty()) worker.since = Clock::now();
        worker.process->send(questions_[waiting_.front()]);
        worker.asked.push_back(waiting_.front());
        waiting_.pop_front();
        (void)worker.process->flush();  // one that reads no more has ended, which its output tells
      }
  }

  Clock::time_point deadline(const Worker& worker) const {
    return worker.since +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(pool_.options_.timeout));
  }

  void wait() {
    descriptors_.clear();
    Clock::time_point until = Clock::now() + std::chrono::seconds(3600);
    for (const Worker& worker : pool_.workers_) {
      if (!worker.process) continue;
      descriptors_.push_back({worker.process->output(), POLLIN, 0});
      if (worker.process->messages() >= 0) descriptors_.push_back({worker.process->messages(), POLLIN, 0});
      if (worker.process->unsent() > 0) descriptors_.push_back({worker.process->input(), POLLOUT, 0});
      if (!worker.asked.empty()) until = std::min(until, deadline(worker));
    }
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    ::poll(descriptors_.data(), descriptors_.size(), static_cast<int>(std::max<std::int64_t>(0, milliseconds)));
  }

  void attend(Worker& worker) {
    if (!worker.process) return;
    worker.process->receive_messages();
    (void)worker.process->flush();
    const bool goes_on = worker.process->receive();
    while (const auto line = worker.process->line()) take(worker, *line);
    if (worker.process->unfinished().size() > kLongestAnswer)
      throw TrainingError(
          fmt::format("the program writes more than {} bytes without an end of the line{}: one line is "
                      "one answer",
                      kLongestAnswer, place(worker)));
    if (!goes_on)
      replace(worker, worker.process->end());
    else if (!worker.asked.empty() && Clock::now() >= deadline(worker))
      replace(worker, fmt::format("did not answer within {} s", pool_.options_.timeout));
  }

  std::string place(const Worker& worker) const {
    return worker.asked.empty() ? "" : " " + name_(worker.asked.front());
  }

  void take(Worker& worker, const std::string& line) {
    if (worker.asked.empty())
      throw TrainingError(fmt::format(
          "the program wrote '{}', though nothing was asked: it writes one line for every line that it reads, and what "
          "is for people to standard error",
          io::valid_utf8(line.substr(0, 80))));
    const std::size_t question = worker.asked.front();
    worker.asked.pop_front();
    worker.since = Clock::now();
    --left_;
    answered_(question, line);
  }

  /// Takes back what the worker was asked. A new one is started when there is something to ask it.
  void replace(Worker& worker, const std::string& how) {
    const std::string words = worker.process->last_words();
    std::deque<std::size_t> asked = std::exchange(worker.asked, {});
    worker.process.reset();
    ++pool_.replaced_;
    if (asked.empty()) return;
    const std::int64_t times = ++failures_[asked.front()];
    waiting_.insert(waiting_.begin(), asked.begin(), asked.end());
    if (times < pool_.options_.attempts) return;
    throw TrainingError(fmt::format("the program {} {}{}{}", how, name_(asked.front()),
                                    times > 1 ? fmt::format(", {} times in a row", times) : "",
                                    words.empty() ? "" : "; it said last: " + io::valid_utf8(words)));
  }

  WorkerPool& pool_;
  std::span<const std::string> questions_;
  const std::function<void(std::size_t, const std::string&)>& answered_;
  const std::function<std::string(std::size_t)>& name_;
  std::vector<std::int64_t> failures_;
  std::deque<std::size_t> waiting_;
  std::size_t left_ = 0;
  std::vector<pollfd> descriptors_;
  SignalWatch signals_;
};

WorkerPool::WorkerPool(WorkerPoolOptions options)
    : options_(std::move(options)), workers_(static_cast<std::size_t>(options_.workers)) {}

void WorkerPool::ask(std::span<const std::string> questions,
                     const std::function<void(std::size_t, const std::string&)>& answered,
                     const std::function<std::string(std::size_t)>& name) {
  try {
    Session(*this, questions, answered, name).carry_out();
  } catch (...) {
    // Their answers would be taken for those to later questions.
    for (Worker& worker : workers_) worker = {};
    throw;
  }
}

}  // namespace talweg::tasks
