#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/commands/rank_session.h"
#include "app/invocation.h"
#include "core/error.h"
#include "core/kinds/read_configuration.h"

namespace talweg::app {

/// A run as one of a session's.
struct RunPart {
  bool continued = false;                   ///< it goes on in its directory
  std::size_t runs_of_sweep = 1;            ///< how many runs the sweep has that it belongs to
  std::optional<std::int64_t> pause_after;  ///< stop after so many steps, to go on later
  std::function<void()> accepted;           ///< called, where there is a directory, after all that may be refused
};

/// Carries one run to its end in its directory and writes everything around it: resolved configuration, environment,
/// summary and report. A TrainingError is written into the summary and returned as RunStatus::failed; other errors
/// pass. A run that was new and ended before its first step leaves nothing behind. Of several ranks the first has a
/// directory, and writes; the others have none.
RunOutcome carry_out(RunRecipe& recipe, const RunDirectory* directory, const Invocation& invocation,
                     const RunPart& part, const RankSession& ranks);

/// Writes the report of runs. It explains them; a missing gnuplot, which is told, must not turn a trained model into a
/// failure.
void write_run_report(const std::vector<std::filesystem::path>& runs, const std::filesystem::path& file);

/// The end of a whole sweep: how its runs came out.
struct SweepOutcome {
  std::vector<std::filesystem::path> runs;  ///< directories, in the order of the grid
  std::vector<std::string> labels;          ///< "learning_rate=0.1,seed=3"; empty for a single run
  ExitCode code = ExitCode::success;        ///< of the worst run
};

/// Carries out every point of a configuration (one, or the grid of its `sweep:`, each named in its recipe) below
/// `folder`, or continues it there: finished runs are passed over. A failed point does not keep the others from
/// running; a signal does. With `halving:` the points go on round by round, fewer each time.
SweepOutcome train_points(ReadConfiguration& configuration, const std::filesystem::path& folder,
                          const Invocation& invocation, const RankSession& ranks);

/// "runs/NAME-20260131-140500": a folder that does not exist yet.
std::filesystem::path default_run_folder(const std::string& name);

}  // namespace talweg::app
