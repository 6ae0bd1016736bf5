#include "core/metrics/progress.h"

#include <langinfo.h>
#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace talweg::metrics {
namespace {

/// Speed is measured over this many seconds, so that it follows a change but does not flicker.
constexpr double speed_window_seconds = 10;
/// `due` looks at the clock about this often, and after at most so many steps in case they suddenly
/// slow down.
constexpr double clock_seconds = 0.01;
constexpr int64_t most_steps_between_clock = 64;

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value && *value;
}

bool is_terminal(int file_descriptor) {
  const char* kind = std::getenv("TERM");
  return ::isatty(file_descriptor) == 1 && !(kind && std::string_view(kind) == "dumb");
}

/// Whether the user's locale is UTF-8, without changing the program's own locale.
bool locale_is_utf8() {
  const locale_t locale = ::newlocale(LC_CTYPE_MASK, "", nullptr);
  if (!locale) return false;
  const std::string_view codeset = ::nl_langinfo_l(CODESET, locale);
  const bool utf8 = codeset == "UTF-8" || codeset == "utf8";
  ::freelocale(locale);
  return utf8;
}

int terminal_columns(int file_descriptor) {
  winsize size{};
  if (::ioctl(file_descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const int number = columns ? std::atoi(columns) : 0;
  return number > 0 ? number : 80;
}

double seconds_between(std::chrono::steady_clock::time_point a, std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

std::chrono::steady_clock::duration duration_of(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

ProgressDisplay::ProgressDisplay(const ProgressOptions& options)
    : options_(options), terminal_(is_terminal(options.file_descriptor)), start_(Clock::now()) {
  utf8_ = locale_is_utf8();
  colour_ = terminal_ && !is_set("NO_COLOR");
  progress_.step = options.first_step;
  progress_.total_steps = options.total_steps;
  progress_.has_epochs = options.has_epochs;
  if (options.counted) progress_.counted = options.counted();
  begun_ = work_until(options.first_step);
  whole_ = progress_.counted ? progress_.counted->total : work_until(options.total_steps);
  marks_.push_back({start_, options.first_step});
  last_clock_ = start_;
  // The bar appears with the first step; a log waits for the first interval, or for an evaluation.
  next_draw_ = terminal_ ? start_ : start_ + duration_of(options.line_seconds);
  if (options.quiet) {
    finished_ = true;
    steps_until_clock_ = INT64_MAX;
  }
}

ProgressDisplay::~ProgressDisplay() {
  if (bar_on_screen_) print("\n");
}

bool ProgressDisplay::due_by_clock() {
  if (options_.quiet) {
    steps_until_clock_ = INT64_MAX;
    return false;
  }
  const auto now = Clock::now();
  const double per_step = seconds_between(last_clock_, now) / static_cast<double>(steps_between_clock_);
  steps_between_clock_ = static_cast<int64_t>(
      std::clamp(clock_seconds / std::max(per_step, 1e-9), 1.0, static_cast<double>(most_steps_between_clock)));
  steps_until_clock_ = steps_between_clock_;
  last_clock_ = now;
  if (now < next_draw_) return false;
  next_draw_ = now + duration_of(terminal_ ? options_.redraw_seconds : options_.line_seconds);
  return true;
}

void ProgressDisplay::take(int64_t step, double epoch, double loss) {
  const auto now = Clock::now();
  while (marks_.size() > 1 && seconds_between(marks_.front().when, now) > speed_window_seconds) marks_.pop_front();
  progress_.step = step;
  progress_.epoch = epoch;
  progress_.loss = loss;
  if (options_.counted) progress_.counted = options_.counted();
  if (options_.work_until) progress_.fraction = work_until(step) / whole_;
  progress_.elapsed_seconds = seconds_between(start_, now);
  if (options_.memory_bytes) progress_.memory_bytes = options_.memory_bytes();
  const double seconds = marks_.empty() ? 0 : seconds_between(marks_.front().when, now);
  if (seconds > 0 && step > marks_.front().step) {
    progress_.steps_per_second = static_cast<double>(step - marks_.front().step) / seconds;
    progress_.examples_per_second = progress_.steps_per_second * options_.examples_per_step;
    progress_.tokens_per_second = progress_.steps_per_second * options_.tokens_per_step;
  }
  const double done = work_until(step);
  if (progress_.elapsed_seconds > 0 && done > begun_) {
    // The whole session's pace, pauses for evaluation included, says best when the run will end.
    const double pace = (done - begun_) / progress_.elapsed_seconds;
    progress_.remaining_seconds = std::max(whole_ - done, 0.0) / pace;
  }
  marks_.push_back({now, step});
  line_pending_ = true;
}

void ProgressDisplay::show(int64_t step, double epoch, double loss) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  take(step, epoch, loss);
  draw();
}

void ProgressDisplay::evaluated(int64_t step, double epoch, double loss,
                                std::vector<std::pair<std::string, double>> values) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  progress_.evaluation = std::move(values);
  marks_.clear();  // the speed is that of steps, not of the pause for the evaluation
  take(step, epoch, loss);
  if (terminal_) return draw();
  // A run of full batches may evaluate at every step: a log gets a line at every tenth of the run, and when it is time.
  const auto tenth = static_cast<int64_t>(10 * fraction_done(progress_) + 1e-9);
  if (tenth <= told_tenth_ && Clock::now() < next_draw_) return;
  told_tenth_ = tenth;
  draw();
  next_draw_ = Clock::now() + duration_of(options_.line_seconds);
}

void ProgressDisplay::note(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (options_.quiet) return;
  std::string message = bar_on_screen_ ? "\r\x1b[K" : "";
  message.append(text);
  if (!text.ends_with('\n')) message += '\n';
  print(message);
  if (bar_on_screen_) draw();
}

void ProgressDisplay::finish() {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  finished_ = true;
  steps_until_clock_ = INT64_MAX;
  if (terminal_ || line_pending_) draw();
  if (bar_on_screen_) print("\n");
  bar_on_screen_ = false;
}

void ProgressDisplay::draw() {
  line_pending_ = false;
  if (!terminal_) {
    print(plain_line(progress_) + '\n');
    return;
  }
  // One column stays free: a terminal that has its last column filled may wrap.
  const ProgressStyle style{terminal_columns(options_.file_descriptor) - 1, utf8_, colour_};
  print("\r" + bar_line(progress_, style) + "\x1b[K");
  bar_on_screen_ = true;
}

/// Nothing is thrown: a closed terminal is no reason to lose a run.
void ProgressDisplay::print(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = ::write(options_.file_descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace talweg::metrics
