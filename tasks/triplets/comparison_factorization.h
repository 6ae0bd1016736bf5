#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/task/capabilities.h"
#include "core/task/describes_data.h"
#include "core/task/projected_parameters.h"
#include "core/task/reads_files.h"
#include "core/task/step_size_theory.h"
#include "core/task/task.h"
#include "tasks/triplets/comparison_data.h"
#include "tasks/triplets/factor_model.h"

namespace talweg::tasks {

/// Whose gradient a private optimizer clips, and what a batch counts.
enum class ExampleUnit { comparison, user };
inline std::vector<std::pair<std::string, ExampleUnit>> choices(ExampleUnit) {
  return {{"comparison", ExampleUnit::comparison}, {"user", ExampleUnit::user}};
}

struct ComparisonFactorizationOptions : FactorModelOptions {
  config::Component<ComparisonDataKind> data{"synthetic_comparisons"};
  double balance = 0.05;
  double user_decay = 0, item_decay = 0;
  std::optional<double> incoherence{};
  ExampleUnit example = ExampleUnit::comparison;
  std::int64_t comparisons_per_user = 32;
  bool baselines = true;
  std::int64_t ranking_cutoff = 10;
};
void declare(config::Fields& f, ComparisonFactorizationOptions& o);

/// Factors of users and items from "user u prefers item i to item j": f = L + (λ/4)‖UᵀU − VᵀV‖² with the mean logistic
/// loss L of the margins ⟨u_u, v_i − v_j⟩, λ = balance·γ and γ = 2/(n1(n2 − 1)), and decays that are the precisions of
/// normal priors, (d/2m)‖·‖². With `incoherence` μ every step ends with the paper's projections: rows longer than
/// (4/3)√(μ/n)‖Z₀‖ are scaled to that length, items are centred. Source: Sankagiri et al. 2025 (arXiv 2502.20033);
/// decays, bias, features and users as examples are ours.
class ComparisonFactorization : public Task,
                                public PerExampleLosses,
                                public ClosedFormRays,
                                public ProjectedParameters,
                                public StepSizeTheory,
                                public StatesAnswer,
                                public ReadsFiles,
                                public DescribesData,
                                public ModelExport {
 public:
  /// Throws ConfigError when the rank is larger than the matrix, DataError for files that cannot be used.
  ComparisonFactorization(const ComparisonFactorizationOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return *model_; }
  const data::Dataset& training_data() const override { return *training_; }
  const io::FileFingerprints& files_read() const override { return data_.files; }
  at::Tensor loss(const data::Batch& batch) override;
  at::Tensor example_losses(const data::Batch& batch) override;
  std::unique_ptr<Ray> ray(const data::Batch& batch, Direction direction) override;
  void project() override;
  /// On evaluation comparisons "loss" (mean logistic loss), "auc" and "accuracy" of those with labels 0 and 1, the
  /// latter the share with the sign of their label, "calibration_error", "ndcg" and "hit_rate" (ranking_metrics.h);
  /// "imbalance" ‖UᵀU − VᵀV‖/‖UᵀU‖; of synthetic data "matrix_error" and, at the true rank, "factor_error". Beside them
  /// the loss and accuracy of Bradley and Terry's model, and the accuracy of popularity, BPR and logistic matrix
  /// factorisation, trained on the same comparisons when first evaluated.
  Metrics evaluate() override;
  std::vector<std::string> uses_of_data() const override;
  /// "users" and "items": how many, and a key of their ids in the order of the factors' rows.
  nlohmann::json data_description() const override;
  std::string announcement() const override;
  std::string theory(double eta) const override;
  std::string warning(double eta) const override;
  /// Identifiability of the factors as they stand (identifiability.h).
  nlohmann::json answer() const override;
  /// Items on the plane of their two widest directions.
  std::vector<plot::Figure> figures() override;
  /// The layout of factor_files.h.
  void write_model(const std::filesystem::path& folder, std::optional<at::ScalarType> type) override;

  struct Recommendation {
    std::string item;
    double utility;  ///< ⟨u, v⟩ beside the mean over items
  };
  /// The `count` best items for a user, best first, fewer when there are fewer; for an unknown user those of the items'
  /// bias, or, in a model without, of the mean user.
  std::vector<Recommendation> recommend(const std::string& user, std::int64_t count) const;
  bool knows_user(const std::string& user) const { return index_of_user(user).has_value(); }

 private:
  /// Throws ConfigError where users are examples whose comparisons are not in memory.
  std::unique_ptr<data::Dataset> training_examples(const TaskContext& context) const;
  at::Tensor regulariser() const;
  UtilityRows exact_rows() const;
  Metrics evaluate_baselines() const;
  std::optional<std::int64_t> index_of_user(const std::string& user) const;
  /// 1/(Ξγσ₁), Ξ = ¼: twice the step that descent converges with.
  double largest_step() const;

  ComparisonFactorizationOptions options_;
  RandomStreams streams_;
  ComparisonData data_;
  std::shared_ptr<FactorModel> model_;
  double gamma_ = 0, longest_row_ = 0;
  Metrics baselines_;  // trained on the same comparisons when first evaluated
  std::unique_ptr<data::Dataset> training_;
  mutable std::optional<double> largest_singular_value_;
};

}  // namespace talweg::tasks
