#pragma once

#include "core/task/task.h"
#include "models/in_context/in_context_model.h"
#include "tasks/in_context_regression/prompts.h"

namespace talweg::tasks {

/// The target that a model is trained towards.
enum class Supervision {
  cot,      ///< the tokens w_1 … w_k of the path, each after the true ones before it
  direct,   ///< w* in a single step
  outcome,  ///< w* after k steps of the model's own, or after each of the last few
};
inline std::vector<std::pair<std::string, Supervision>> choices(Supervision) {
  return {{"cot", Supervision::cot}, {"direct", Supervision::direct}, {"outcome", Supervision::outcome}};
}

enum class StepReduction { sum, mean };
inline std::vector<std::pair<std::string, StepReduction>> choices(StepReduction) {
  return {{"sum", StepReduction::sum}, {"mean", StepReduction::mean}};
}

struct InContextEvaluationOptions {
  std::int64_t prompts = 10000;
  std::vector<std::int64_t> steps;
  double trim = 0.01;
  std::optional<config::Component<CovarianceKind>> shift;
};
void declare(config::Fields& f, InContextEvaluationOptions& o);

struct InContextRegressionOptions {
  std::int64_t dimension = 10;
  std::int64_t examples = 20;
  std::int64_t steps = 10;
  double step_size = 0.4;
  double noise = 0;
  config::Component<CovarianceKind> covariance{"isotropic"};
  PathSource cot_path = PathSource::empirical;
  Supervision supervision = Supervision::cot;
  std::int64_t last_steps = 1;
  StepReduction step_reduction = StepReduction::sum;
  std::int64_t prompts_per_epoch = 131072;
  std::optional<std::int64_t> prompt_pool;
  Curriculum curriculum;
  InContextEvaluationOptions evaluation;
  config::Component<models::InContextModelKind> model{"linear_transformer"};
};
void declare(config::Fields& f, InContextRegressionOptions& o);
void validate(const InContextRegressionOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// In-context regression: from n examples (x_j, ⟨w*, x_j⟩) of a prompt a model answers with w* itself, or with the
/// label of a further input, at once or in steps. Beside every error stand those of gradient descent on the same
/// prompts and of the best single step. Sources: Huang, Wang and Lee 2025; Garg et al. 2022.
class InContextRegression : public Task {
 public:
  /// Throws ConfigError when the model cannot take the steps that are asked for.
  InContextRegression(const InContextRegressionOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return *model_; }
  const data::Dataset& training_data() const override { return *training_; }
  at::Tensor loss(const data::Batch& batch) override;
  /// "loss" is half the mean squared error after the trained number of steps; error_T, median_T, trimmed_T are those
  /// after T steps without the half, descent_… the same of gradient descent, single_step of the best single step, and
  /// over_descent_T the quotient of both means. Prefix "shifted_": under the shifted covariance. "objective" is the
  /// trained loss.
  Metrics evaluate() override;
  std::vector<plot::Figure> figures() override;
  std::vector<plot::Figure> figures_over_time(const std::vector<metrics::Record>& records) override;

  models::InContextModel& model() { return *model_; }

 private:
  /// Prompts that are the same at every evaluation, and what the baselines make of them.
  struct EvaluationSet {
    std::string prefix;
    PromptLaw law;
    DrawnPrompts drawn;
    at::Tensor descent_errors;  // [prompts, steps]
    double single_step;         // mean error
  };
  EvaluationSet make_evaluation_set(const std::string& prefix, PromptLaw law, const TaskContext& context) const;
  /// ‖answer − true answer‖² after 1, …, steps steps: [prompts, steps].
  at::Tensor errors(const DrawnPrompts& drawn, std::int64_t steps);
  void measure(const EvaluationSet& set, Metrics& metrics);
  plot::Figure error_by_step(const EvaluationSet& set);
  std::vector<plot::Figure> matrix_figures();
  plot::Figure error_by_examples(const EvaluationSet& set);

  InContextRegressionOptions options_;
  std::int64_t trained_steps_;             // 1 under direct supervision
  std::vector<std::int64_t> shown_steps_;  // decode lengths in evaluations, ascending
  std::shared_ptr<models::InContextModel> model_;
  std::unique_ptr<data::Dataset> training_;
  std::vector<EvaluationSet> evaluation_sets_;
  std::vector<std::pair<std::string, at::Tensor>> initial_matrices_;
};

}  // namespace talweg::tasks
