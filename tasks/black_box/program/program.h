#pragma once

#include "tasks/black_box/logged_oracle.h"
#include "tasks/black_box/path_beside_file.h"
#include "tasks/black_box/program/worker_pool.h"
#include "tasks/black_box/variables.h"

namespace talweg::tasks {

struct ProgramOptions : WorkerPoolOptions {
  VariableList over;
  std::optional<PathBesideFile> started_in;
};
void declare(config::Fields& f, ProgramOptions& o);
void validate(const ProgramOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// A program that is asked for values: it reads {"x": {"NAME": 1.5, …}, "seed": 7} a line and writes a number a line,
/// or
/// {"value": number}; null and NaN are values that are not finite. The seed is there for programs that can repeat their
/// noise; one that cannot is free to leave it. Source: ours.
class Program : public LoggedOracle {
 public:
  explicit Program(const ProgramOptions& options);
  std::vector<OracleVariable> variables() const override { return variables_; }
  io::FileFingerprints files() const override;

 protected:
  void find_out(std::span<const Question> questions, const Answered& answered) override;

 private:
  std::string point_text(const double* x) const;

  ProgramOptions options_;
  std::vector<OracleVariable> variables_;
  WorkerPool pool_;
};

}  // namespace talweg::tasks
