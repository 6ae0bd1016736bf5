#pragma once

#include "core/optimizer/optimizer.h"
#include "core/study/study.h"
#include "tasks/black_box/more_wild.h"

namespace talweg::tasks {

struct OptimizerBenchmarkOptions {
  std::vector<std::string> problems;
  std::vector<double> noise{1e-3, 1e-2};
  NoisePlace noise_on = NoisePlace::components;
  std::vector<config::Component<OptimizerKind>> optimizers;
  std::int64_t seeds = 3;
  std::int64_t budget = 1000;
  std::vector<double> tolerances{1e-1, 1e-3};
};
void declare(config::Fields& f, OptimizerBenchmarkOptions& o);
void validate(const OptimizerBenchmarkOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Optimizers without gradients on the problems of Moré and Wild under noise: data profiles and performance profiles
/// over problems and seeds, for every level of noise. A step is one search. What counts is the mean without noise at
/// the point that an optimizer recommends, never the least value that it saw; every evaluation counts, those of line
/// searches and of the noise too. Budgets and profiles are in simplex gradients, n + 1 evaluations. All optimizers see
/// the same noise. Source: Moré and Wild 2009; profiles at recommended points: ours.
class OptimizerBenchmark : public Study {
 public:
  OptimizerBenchmark(const OptimizerBenchmarkOptions& options, const StudyContext& context);

  std::int64_t steps() const override;
  double work_until(std::int64_t steps) const override;
  std::int64_t evaluate_every() const override { return std::max<std::int64_t>(1, steps() / 20); }
  void step(std::int64_t index) override;
  /// Of what all optimizers have searched so far, "solved/NOISE/TOLERANCE/OPTIMIZER": the share that was solved within
  /// the budget; "solved_in_100/…" within 100 simplex gradients; "refused": searches whose budget did not pay for a
  /// step, or that ended in values that are no numbers.
  Metrics evaluate() override;
  std::vector<plot::Figure> figures() override;
  checkpoint::State state() const override;
  void load(const checkpoint::State& state, std::int64_t steps) override;

 private:
  /// The place of a step: the optimizer changes fastest, then seed, problem and noise.
  struct Place {
    std::size_t noise, problem, seed, optimizer;
  };
  Place place_of(std::int64_t index) const;
  /// Costs in simplex gradients, [optimizer][problem and seed], of searches under a noise that all have made.
  std::vector<std::vector<double>> costs(std::size_t noise, double tau) const;
  std::string label(double noise, double tau) const;
  plot::Figure data_profile(std::size_t noise, double tau) const;
  plot::Figure performance_profile(std::size_t noise, double tau) const;

  OptimizerBenchmarkOptions options_;
  RandomStreams streams_;
  std::vector<const MoreWildProblem*> problems_;
  std::vector<std::string> names_;  // of the optimizers
  std::vector<double> grid_;        // simplex gradients at which histories are kept
  std::int64_t made_ = 0, refused_ = 0;
  at::Tensor histories_;  // [steps, places] float64
};

}  // namespace talweg::tasks
