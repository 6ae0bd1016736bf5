#pragma once

#include <functional>
#include <optional>

#include "tasks/black_box/evaluation_log.h"
#include "tasks/black_box/oracle.h"

namespace talweg::tasks {

/// An oracle whose values are dear. Each is written to `evaluations.jsonl` of the run before it is used, and none that
/// stands there is asked for again: a run that was killed at any moment goes on without repeating one.
class LoggedOracle : public Oracle {
 public:
  void observe(const double* points, std::int64_t m, std::span<const std::uint64_t> seeds, double* values) final;
  void keep_in(const std::filesystem::path& folder) override;

 protected:
  /// A value that is wanted: at x [d], of the seed.
  struct Question {
    const double* x;
    std::uint64_t seed;
  };
  using Answered = std::function<void(std::size_t question, double value)>;
  /// Finds out all values, in any order, and calls `answered` with each as soon as it is known. Throws TrainingError.
  virtual void find_out(std::span<const Question> questions, const Answered& answered) = 0;
  /// Values that stand in the log; 0 where nothing is kept.
  std::int64_t answered_so_far() const { return log_ ? static_cast<std::int64_t>(log_->size()) : 0; }

 private:
  std::optional<EvaluationLog> log_;
};

}  // namespace talweg::tasks
