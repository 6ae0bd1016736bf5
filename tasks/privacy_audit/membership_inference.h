#pragma once

#include "core/data/labelled_data.h"
#include "core/train/capabilities.h"
#include "core/train/fit.h"
#include "core/train/task.h"
#include "models/tensor_model.h"
#include "tasks/classification/data_source.h"

namespace talweg::tasks {

struct MembershipInferenceOptions {
  config::Component<ClassificationDataKind> data{"digits"};
  config::Component<models::TensorModelKind> model{"mlp"};
  FitOptions target;
  std::int64_t members = 300;
  std::int64_t shadows = 4;
  std::int64_t attack_hidden = 50;
  double evaluation_share = 0.2;
  double delta = 1e-5;
  double confidence = 0.95;
};
void declare(config::Fields& f, MembershipInferenceOptions& o);

/// Membership inference with shadow models (Shokri et al. 2017, as in Liang et al. 2026, §6): can the logits of a
/// trained model tell its training examples from others? Building the task trains the target model on `members`
/// examples and every shadow model on as many others, all as `target` says. What is then learnt is the attack: for each
/// class a perceptron from logits to "was in" or "was out", on the logits of the shadow models, whose members are
/// known. It is evaluated on the target: members against examples that it never saw.
class MembershipInference : public Task {
 public:
  /// Throws ConfigError when the data has too few examples. The longest part of a run: 1 + shadows trainings.
  MembershipInference(const MembershipInferenceOptions& options, const TaskContext& context);

  torch::nn::Module& module() override;
  const data::Dataset& training_data() const override { return *training_; }
  at::Tensor loss(const data::Batch& batch) override;
  /// The target's accuracy on members and others, error rates of the attack, the ε̂ of these rates, the largest ε that
  /// they refute with the confidence, the certified ε when the target was trained privately, and the attack's loss.
  Metrics evaluate() override;
  /// True against false positive rates over all thresholds.
  std::vector<plot::Figure> figures() override;

 private:
  struct Attack;
  struct Examples {
    at::Tensor logits, targets;
  };
  /// Trains a model on `data` and answers it.
  std::shared_ptr<models::TensorModel> train(const data::LabelledData& data, const TaskContext& context,
                                             std::string_view name, std::uint64_t index, nlohmann::json* account);
  Examples query(models::TensorModel& model, const data::LabelledData& data, const TaskContext& context) const;
  /// Log-odds of "was in", [n].
  at::Tensor scores(const Examples& examples);

  MembershipInferenceOptions options_;
  std::shared_ptr<Attack> attack_;
  std::unique_ptr<data::TensorDataset> training_;
  Examples members_, others_;
  std::optional<double> certified_;
};

}  // namespace talweg::tasks
