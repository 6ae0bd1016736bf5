#pragma once

#include "core/kinds/run_recipe.h"
#include "core/run/run_options.h"
#include "tasks/black_box/logged_oracle.h"
#include "tasks/black_box/path_beside_file.h"
#include "tasks/black_box/variables.h"

namespace talweg::tasks {

struct TrainingOracleOptions {
  PathBesideFile config;
  VariableList over;
  std::string metric = "eval/loss";
  Goal goal = Goal::minimize;
  double failed = 1000;
};
void declare(config::Fields& f, TrainingOracleOptions& o);
/// Reads the training's configuration at the start and at both ends of all ranges; its mistakes are this one's.
void validate(const TrainingOracleOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// A run of Talweg as a function of options of its configuration: an observation makes the run with a seed of its own,
/// and its value is the last one of a metric. A run that fails, or whose metric is not finite, has the value `failed`.
/// Runs are kept in `trainings/` of this run's folder, in order, and one that was interrupted is gone on with.
/// Source: ours.
class TrainingOracle : public LoggedOracle {
 public:
  explicit TrainingOracle(const TrainingOracleOptions& options);
  std::vector<OracleVariable> variables() const override { return variables_; }
  io::FileFingerprints files() const override { return {io::fingerprint_of(options_.config.path)}; }
  void keep_in(const std::filesystem::path& folder) override;

 protected:
  void find_out(std::span<const Question> questions, const Answered& answered) override;

 private:
  double value_of(const Question& question);
  /// The run's outcome; in a folder when there is one.
  RunOutcome carry_out(RunRecipe& recipe);
  double judged(const RunOutcome& outcome) const;

  TrainingOracleOptions options_;
  std::vector<OracleVariable> variables_;
  std::filesystem::path folder_;
  std::int64_t made_ = 0;  // runs in the folder
};

}  // namespace talweg::tasks
