#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/metrics/sink.h"
#include "core/plot/figure.h"
#include "core/run/changed_settings.h"
#include "core/run/no_whole_state.h"
#include "core/run/run_directory.h"
#include "core/run/text_samples.h"

namespace talweg {

/// How far a run had come, states that are damaged or gone included.
struct Course {
  std::int64_t saved = 0;   ///< step of the last state that was saved
  std::int64_t seen = 0;    ///< last step that any state or record is of
  std::int64_t undone = 0;  ///< steps in all that were seen and then undone, as the run went on from an earlier state
  /// The last step that was ever made with what now makes its steps, records of it being cut or not; ≥ seen.
  std::int64_t furthest = 0;
  Settings settings{};  ///< what made its steps; empty: unknown
};

/// The course of a run at the moment that a state of it is saved, as the state tells it.
Course course_of(const checkpoint::Checkpoint& state);

/// Where what a run produces goes, and where it is read again when the run continues.
class RunRecorder {
 public:
  virtual ~RunRecorder() = default;

  /// Whether anything is kept; what is costly to make need not be made otherwise.
  virtual bool keeps() const = 0;
  /// The folder in which a computation may keep files of its own beside its states; nothing where nothing is kept.
  virtual std::optional<std::filesystem::path> folder() const = 0;

  /// Opens the records of a session that begins after step `step`.
  virtual void open(std::int64_t step) = 0;
  virtual void write(const metrics::Record& record) = 0;
  virtual void flush() = 0;
  /// Everything that was written so far, earlier sessions included.
  virtual std::vector<metrics::Record> records() const = 0;
  /// Forgets records of later steps than `step`.
  virtual void truncate_after(std::int64_t step) = 0;

  /// Saves a state to continue from; the newest `keep` stay.
  virtual void save(const checkpoint::Checkpoint& state, std::int64_t keep) = 0;
  /// Saves the best state so far.
  virtual void save_best(const checkpoint::Checkpoint& state) = 0;
  /// The newest whole state that was saved; newer ones that are damaged are set aside under another name, in a
  /// sentence. Throws NoWholeState, with nothing changed, where states were saved and none of them is whole, and
  /// SystemError where they cannot be read.
  virtual std::optional<checkpoint::Checkpoint> newest() = 0;
  /// The course of the run so far; where nothing tells of one, that of a run that has not begun.
  virtual Course course() const = 0;
  /// Keeps what of the course no state or record tells. Throws SystemError.
  virtual void note(const Course& course) = 0;
  /// Puts states and records under other names, in a sentence each, so that the run can begin anew and nothing of it is
  /// lost. The course stays.
  virtual void set_aside() = 0;

  virtual void save(const plot::Figure& figure) = 0;
  virtual void save(std::int64_t step, const std::vector<TextSample>& samples) = 0;
};

/// Keeps everything in the directory of a run, which must outlive it.
std::unique_ptr<RunRecorder> make_directory_recorder(const RunDirectory& directory);
/// Keeps nothing: for ranks beside the one that writes.
std::unique_ptr<RunRecorder> make_silent_recorder();

}  // namespace talweg
