#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/io/file_fingerprint.h"
#include "core/metrics/progress_line.h"
#include "core/metrics/record.h"
#include "core/optimizer/lost_steps.h"
#include "core/plot/figure.h"
#include "core/run/text_samples.h"

namespace talweg {

/// How much there is to do.
struct Work {
  std::int64_t steps = 0;        ///< in all; ≥ 1
  double examples_per_step = 0;  ///< for the speed that is shown; 0: there are no examples
  /// How much of the work the first steps are, in any unit; empty where all steps are alike. For progress and the time
  /// that is left.
  std::function<double(std::int64_t steps)> until{};
  /// The count that is shown in place of steps, of work whose end is not a number of steps; empty: steps are counted.
  std::function<metrics::Counted()> counted{};
  double tokens_per_step = 0;  ///< for the speed that is shown; 0: examples hold none
  std::function<double()>
      memory_bytes{};  ///< largest memory held so far, on its device or by its process; empty: unknown
};

/// Actions every so many steps, and after the last one; 0: never.
struct Cadence {
  std::int64_t record = 1;
  std::int64_t evaluate = 1;
  std::int64_t measure = 0;
  std::int64_t save = 1;
  double seconds_between_saves = 0;  ///< a state is saved only when so much time has passed since the last one
};

/// The work that a run carries forward in steps: a training, a study, a team of agents. It computes, and knows nothing
/// of files, signals, progress or when it is asked what; a Run does all that. Its state after a step is a function of
/// its configuration and the number of the step, whatever happened in between.
class Computation {
 public:
  virtual ~Computation() = default;

  virtual Work work() const = 0;
  virtual Cadence cadence() const = 0;

  /// Files that it was built from, as they were when they were read; empty where there are none.
  virtual io::FileFingerprints files() const { return {}; }
  /// Tells it the folder of its run, in which it may keep files of its own beside its states. Called before the first
  /// step of a session, where anything is kept.
  virtual void keep_in(const std::filesystem::path&) {}
  /// A line for the log before the first step of a session; may be empty.
  virtual std::string announcement() const { return {}; }
  /// Called at the start of every session after its state was loaded, and before every state is saved. Throws
  /// TrainingError when the state after `step` steps must not be saved or gone on with.
  virtual void require_sound(std::int64_t step) = 0;

  /// Makes step `index`, counted from 0. Throws TrainingError.
  virtual void step(std::int64_t index) = 0;
  /// Why there is nothing left to do before the last step, as a sentence; empty while there is.
  virtual std::string finished() const { return {}; }

  /// Numbers of the steps since the last call, for the record: "train/loss". Throws TrainingError.
  virtual Metrics record() { return {}; }
  /// Numbers of the state as it stands: "eval/accuracy", most telling last.
  virtual Metrics evaluate() = 0;
  /// Further numbers of the state, at a cadence of their own: "curvature/sharpness". Throws TrainingError.
  virtual Metrics measure() { return {}; }
  /// Passes over the data after `step` steps; 0 where there is no data.
  virtual double epoch(std::int64_t step) const = 0;
  /// Loss of the last step, NaN where there is none; may wait for the device.
  virtual double last_loss() const { return std::nan(""); }

  /// Puts everything that the next steps depend on into a checkpoint whose step is set.
  virtual void save(checkpoint::Checkpoint& state) const = 0;
  /// Takes over what save() left there. Throws DataError.
  virtual void load(const checkpoint::Checkpoint& state) = 0;
  /// Removes from a saved state what only going on needs: the best state is kept to be used.
  virtual void keep_result(checkpoint::Checkpoint&) const {}
  /// Called when a run goes on, after its state was loaded: steps that earlier sessions made are undone.
  virtual void count_lost_steps(const LostSteps&) {}

  /// Counts of what was done so far, under the names by which they enter the summary: {"examples": 6400}.
  virtual nlohmann::json counts() const { return nlohmann::json::object(); }
  /// Statements on the whole run, by section of the summary: {"privacy": {…}}. Its numbers become metrics,
  /// "privacy/epsilon". Null when there is nothing.
  virtual nlohmann::json account() const { return {}; }
  /// Further sections of the summary, whose numbers are no results: {"distributed": {…}}.
  virtual nlohmann::json remarks() const { return nlohmann::json::object(); }

  /// Pictures of the state as it stands and of what was recorded on the way, in order of steps.
  virtual std::vector<plot::Figure> figures(const std::vector<metrics::Record>& records) = 0;
  /// Text that the model writes as it stands.
  virtual std::vector<TextSample> samples() { return {}; }
};

}  // namespace talweg
