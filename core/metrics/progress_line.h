#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace talweg::metrics {

/// A count that says how far a run is where its steps do not: evaluations of a budget.
struct Counted {
  double done = 0;
  double total = 0;  ///< > 0
  std::string unit;  ///< in the plural: "evaluations"
};

/// State of a run at one moment, for a progress display.
struct Progress {
  int64_t step = 0;                ///< optimizer steps done
  int64_t total_steps = 0;         ///< 0 when the run has no fixed end in steps
  std::optional<double> fraction;  ///< of the work that is done; nothing: that of the steps
  std::optional<Counted> counted;  ///< shown in place of the steps, as what is done of the work
  bool has_epochs = true;          ///< otherwise there are no epochs
  double epoch = 0;
  double loss = 0;  ///< NaN: there is none
  std::vector<std::pair<std::string, double>>
      evaluation;                  ///< latest evaluation, most telling metric first; four are shown
  double steps_per_second = 0;     ///< 0 while unknown
  double examples_per_second = 0;  ///< 0 while unknown
  double tokens_per_second = 0;    ///< 0: examples hold no tokens; shown in place of examples
  double memory_bytes = 0;         ///< held on the device, or by the process, at its highest; 0: not shown
  double elapsed_seconds = 0;
  double remaining_seconds = -1;  ///< negative while unknown
};

/// Abilities of the terminal.
struct ProgressStyle {
  int columns = 80;     ///< terminal width; at least 20 are used
  bool utf8 = true;     ///< otherwise plain ASCII
  bool colour = false;  ///< ANSI colours
};

/// One terminal line with a bar, never wider than `style.columns`: what does not fit is left out,
/// least important first (examples/s, elapsed time, further evaluation metrics, epoch, speed …).
std::string bar_line(const Progress& progress, const ProgressStyle& style);

/// The share of the work that is done, in [0, 1]; 0 where nobody knows how much there is.
double fraction_done(const Progress& progress);

/// One line for a log file, without bar or colours.
std::string plain_line(const Progress& progress);

/// 9 s → "0:09", 3700 s → "1:01:40", two days → "2d 03:00".
std::string format_duration(double seconds);

/// A rate or count with three significant digits: 9.53, 1234 → "1.23k", 2.5e7 → "25M".
std::string format_quantity(double value);

}  // namespace talweg::metrics
