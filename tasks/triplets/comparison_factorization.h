#pragma once

#include "core/task/capabilities.h"
#include "core/task/describes_data.h"
#include "core/task/reads_files.h"
#include "core/task/task.h"
#include "tasks/triplets/comparison_data.h"

namespace talweg::tasks {

struct ComparisonFactorizationOptions {
  config::Component<ComparisonDataKind> data{"synthetic_comparisons"};
  std::int64_t rank = 3;
  double balance = 0.05;
  double user_decay = 0, item_decay = 0;
  double initial_scale = 0.3;
};
void declare(config::Fields& f, ComparisonFactorizationOptions& o);

/// Factors of users and items from "user u prefers item i to item j": f = L + (λ/4)‖UᵀU − VᵀV‖² with the mean logistic
/// loss L of the margins ⟨u_u, v_i − v_j⟩, λ = balance·γ and γ = 2/(n1(n2 − 1)), and decays that are the precisions of
/// normal priors, (d/2m)‖·‖². U, V start at N(0, initial_scale²), the items centred; descent keeps them so. Source:
/// Sankagiri et al. 2025 (arXiv 2502.20033); decays are ours.
class ComparisonFactorization : public Task, public PerExampleLosses, public ReadsFiles, public DescribesData {
 public:
  /// Throws ConfigError when the rank is larger than the matrix, DataError for files that cannot be used.
  ComparisonFactorization(const ComparisonFactorizationOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return *training_; }
  const io::FileFingerprints& files_read() const override { return data_.files; }
  at::Tensor loss(const data::Batch& batch) override;
  at::Tensor example_losses(const data::Batch& batch) override;
  /// "loss" (mean logistic loss), with labels 0 and 1 "auc", "accuracy" (share of comparisons, ties aside, with the
  /// sign of their label), all on evaluation comparisons; "imbalance" ‖UᵀU − VᵀV‖/‖UᵀU‖; of synthetic data
  /// "matrix_error" and, at the true rank, "factor_error".
  /// Beside them "bradley_terry_loss", "bradley_terry_accuracy" and "popularity_accuracy" of models that know no users.
  Metrics evaluate() override;
  std::vector<std::string> uses_of_data() const override;
  /// "users" and "items": how many, and a key of their ids in the order of the factors' rows.
  nlohmann::json data_description() const override;
  std::string announcement() const override;

  struct Recommendation {
    std::string item;
    double utility;  ///< ⟨u, v⟩ beside the mean over items
  };
  /// The `count` best items for a user, best first, fewer when there are fewer; for an unknown user those of the mean
  /// user.
  std::vector<Recommendation> recommend(const std::string& user, std::int64_t count) const;
  bool knows_user(const std::string& user) const { return index_of_user(user).has_value(); }

 private:
  at::Tensor regulariser() const;
  Metrics evaluate_baselines() const;
  std::optional<std::int64_t> index_of_user(const std::string& user) const;

  ComparisonFactorizationOptions options_;
  ComparisonData data_;
  torch::nn::Module module_;
  at::Tensor users_, items_;  // U [n1, r], V [n2, r]
  double gamma_ = 0;
  Metrics baselines_;  // of models without users, trained on the same comparisons when first evaluated
  std::unique_ptr<data::TensorDataset> training_;
};

}  // namespace talweg::tasks
