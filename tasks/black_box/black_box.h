#pragma once

#include <optional>

#include "core/task/capabilities.h"
#include "core/task/reads_files.h"
#include "core/task/task.h"
#include "tasks/black_box/oracle.h"
#include "tasks/black_box/variables.h"

namespace talweg::tasks {

struct BudgetOptions {
  std::int64_t evaluations = 10000;
  std::optional<double> target;
  std::optional<std::int64_t> stagnation;
};
void declare(config::Fields& f, BudgetOptions& o);

struct AnswerOptions {
  std::int64_t evaluations = 100;
  std::int64_t retries = 2;
};
void declare(config::Fields& f, AnswerOptions& o);

struct BlackBoxOptions {
  config::Component<OracleKind> oracle;
  VariableList variables;
  std::optional<Range> bounds;
  std::vector<double> start;
  BudgetOptions budget;
  AnswerOptions answer;
};
void declare(config::Fields& f, BlackBoxOptions& o);

/// A function that nobody can differentiate: an oracle is asked for noisy values, within a budget, and the point that
/// an optimizer recommends is answered with a mean and a confidence interval from draws of their own. The parameter
/// `point` is what the optimizer sees, in float64 whatever the precision of the run; every evaluation is counted, those
/// of the search and those of the answer apart. Source: ours.
class BlackBox : public Task,
                 public NoisyFunction,
                 public KnowsItsEnd,
                 public HasNoGradient,
                 public StatesAnswer,
                 public KeepsFiles,
                 public ReadsFiles {
 public:
  BlackBox(const BlackBoxOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return data_; }
  /// One observation under the noise of LibTorch's generator. It has no gradient: a backward pass throws ConfigError.
  at::Tensor loss(const data::Batch& batch) override;
  /// "evaluations" of the search, "answer_evaluations" of this answer, "non_finite" values that were seen, "mean" of
  /// the answer's draws, "half_width" of its 95 % confidence interval, "noise" of one observation, "x/NAME" of few
  /// variables, and "loss": the exact mean less the known minimum where both are known, else what is known of the mean.
  Metrics evaluate() override;
  std::vector<plot::Figure> figures_over_time(const std::vector<metrics::Record>& records) override;
  std::string announcement() const override;
  std::vector<std::string> uses_of_data() const override { return {}; }

  at::Tensor observe(const at::Tensor& points, std::span<const std::uint64_t> seeds, std::int64_t step) override;
  NoisyLimits limits() const override;
  std::string finished() override;
  metrics::Counted counted() const override;
  nlohmann::json answer() const override { return answer_; }
  void keep_in(const std::filesystem::path& folder) override { oracle_->keep_in(folder); }
  const io::FileFingerprints& files_read() const override { return files_; }

 private:
  /// Counts, in a tensor that is saved with the module.
  enum Count { searched, not_finite, target_reached, kCounts };
  std::int64_t count(Count which) const;
  void add(Count which, std::int64_t more);
  /// Values at points as the optimizer sees them; those that are not finite are asked for again, then refused. `spent`
  /// counts the observations, also those that come to nothing.
  void ask(const double* points, std::int64_t m, std::span<const std::uint64_t> seeds, double* values,
           std::int64_t& spent);
  double asked_again(const double* x, std::uint64_t seed, double value, std::int64_t& spent);
  std::int64_t& searches() { return counts_.mutable_data_ptr<std::int64_t>()[searched]; }
  /// Takes values of the search into the windows whose means say whether anything is gained.
  void watch(const double* values, std::size_t number);
  std::string stagnation() const;
  std::string point_text(const double* x) const;

  BlackBoxOptions options_;
  RandomStreams streams_;
  std::unique_ptr<Oracle> oracle_;
  io::FileFingerprints files_;
  VariableSpace space_;
  torch::nn::Module module_;
  data::TensorDataset data_;
  at::Tensor point_;   // u [d]
  at::Tensor counts_;  // [kCounts] int64
  nlohmann::json answer_;
  at::Tensor seen_;  // least and largest value; number, sum and squares of two windows
};

/// Registers the task and its oracles.
void register_black_box();

}  // namespace talweg::tasks
