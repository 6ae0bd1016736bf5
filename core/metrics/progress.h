#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/metrics/progress_line.h"

namespace talweg::metrics {

struct ProgressOptions {
  int64_t total_steps = 0;               ///< 0 when the run has no fixed end
  int64_t first_step = 0;                ///< the step a resumed run continues from
  double examples_per_step = 0;          ///< global batch size; 0 hides examples/s
  double tokens_per_step = 0;            ///< 0: examples hold no tokens
  std::function<double()> memory_bytes;  ///< largest memory so far, asked at each draw; empty: none is shown
  bool has_epochs = true;                ///< otherwise none are shown
  /// How much of the work the first steps are, in any unit; empty: all steps are alike.
  std::function<double(int64_t steps)> work_until;
  /// The count that is shown in place of steps, asked at each draw; empty: steps are counted.
  std::function<Counted()> counted;
  bool quiet = false;           ///< show nothing at all
  int file_descriptor = 2;      ///< standard error
  double redraw_seconds = 0.1;  ///< shortest time between redraws of the bar
  double line_seconds = 10;     ///< shortest time between plain lines when there is no terminal
};

/// Tells the person at the keyboard how a run is going: on a terminal a bar that redraws itself,
/// otherwise a plain line now and then. Honours NO_COLOR, TERM=dumb and the locale's character set,
/// and asks for the terminal's width at each draw. All belongs to the training thread, except
/// `note`, which any thread may call.
///
///     if (progress.due()) progress.show(step, epoch, loss.item<double>());
class ProgressDisplay {
 public:
  explicit ProgressDisplay(const ProgressOptions& options);
  /// Leaves the last state on the screen and the cursor on a fresh line.
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  /// True when it is time to call `show`. To be called once per step: it costs about a nanosecond,
  /// because it looks at the clock only every so many steps, and so values need not be fetched from
  /// a GPU for nothing.
  bool due() { return --steps_until_clock_ <= 0 && due_by_clock(); }

  /// Draws a new state: `step` optimizer steps done, `epoch` fractional, `loss` of the last step.
  void show(int64_t step, double epoch, double loss);

  /// Keeps the newest evaluation in the line, most telling metric first; without a terminal it
  /// prints a line when the last one is old enough, and at every tenth of the run.
  void evaluated(int64_t step, double epoch, double loss, std::vector<std::pair<std::string, double>> values);

  /// Prints a message on lines of its own, above the bar.
  void note(std::string_view text);

  /// Draws the last state and ends the line; later calls of `show` do nothing.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  struct Mark {
    Clock::time_point when;
    int64_t step;
  };

  bool due_by_clock();
  void take(int64_t step, double epoch, double loss);
  /// The work that was done when `step` steps were: of what is counted, as it stands now.
  double work_until(int64_t step) const {
    if (progress_.counted) return progress_.counted->done;
    return options_.work_until ? options_.work_until(step) : static_cast<double>(step);
  }
  void draw();
  void print(std::string_view bytes) const;

  ProgressOptions options_;
  bool terminal_ = false;
  bool utf8_ = false;
  bool colour_ = false;
  bool finished_ = false;
  bool bar_on_screen_ = false;
  int64_t told_tenth_ = 0;     ///< of the run, in the last plain line of an evaluation
  bool line_pending_ = false;  ///< there is a state that no plain line has told yet

  int64_t steps_until_clock_ = 1;
  int64_t steps_between_clock_ = 1;
  Clock::time_point last_clock_;
  Clock::time_point next_draw_;

  std::mutex mutex_;
  Clock::time_point start_;
  std::deque<Mark> marks_;  ///< recent states, for the speed
  double begun_ = 0;        ///< the work that was done when the session began
  double whole_ = 0;        ///< all of it
  Progress progress_;
};

}  // namespace talweg::metrics
