#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/data/labelled_data.h"
#include "core/study/study.h"
#include "core/task/reads_files.h"
#include "core/train/fit.h"
#include "models/tensor_model.h"
#include "tasks/classification/data_source.h"
#include "tasks/privacy_audit/membership_attack.h"
#include "tasks/privacy_audit/model_training.h"

namespace talweg::tasks {

struct MembershipInferenceOptions {
  config::Component<ClassificationDataKind> data{"digits"};
  config::Component<models::TensorModelKind> model{"mlp"};
  FitOptions target;
  FitOptions attack;
  std::int64_t members = 300;
  std::int64_t shadows = 4;
  std::int64_t attack_hidden = 50;
  double evaluation_share = 0.2;
  double delta = 1e-5;
  double confidence = 0.95;
};
void declare(config::Fields& f, MembershipInferenceOptions& o);

/// Membership inference with shadow models (Shokri et al. 2017, as in Liang et al. 2026, §6): can the logits of a
/// trained model tell its training examples from others? The target model is trained on `members` examples and every
/// shadow model on as many others, all as `target` says. What is then learnt is the attack: for each class a perceptron
/// from logits to "was in" or "was out", on the logits of the shadow models, whose members are known. It is evaluated
/// on the target: members against examples that it never saw. A step is one of an optimizer: of the target, of the
/// shadow models one after the other, of the attack.
class MembershipInference : public Study, public ReadsFiles {
 public:
  /// Reads the data. Throws ConfigError when it has too few examples.
  MembershipInference(const MembershipInferenceOptions& options, const StudyContext& context);

  const io::FileFingerprints& files_read() const override { return files_; }
  std::int64_t steps() const override;
  /// Examples times parameters.
  double work_until(std::int64_t steps) const override;
  /// After every model.
  std::int64_t evaluate_every() const override { return steps_of_model_; }
  void step(std::int64_t index) override;
  /// The target's accuracy on members and others and the certified ε when it was trained privately; from the first step
  /// of the attack on its error rates, the ε̂ of these rates, the largest ε that they refute with the confidence, and
  /// its loss.
  Metrics evaluate() override;
  /// True against false positive rates over all thresholds.
  std::vector<plot::Figure> figures() override;
  checkpoint::State state() const override;
  void load(const checkpoint::State& state, std::int64_t steps) override;

 private:
  TaskContext context_of(std::int64_t model) const;
  data::LabelledData inside(std::int64_t model) const { return data_.select(in_[static_cast<std::size_t>(model)]); }
  data::LabelledData outside(std::int64_t model) const;
  void begin_model(std::int64_t index);
  void end_model(std::int64_t index);
  void begin_attack();
  Answers query(models::TensorModel& model, const data::LabelledData& data) const;
  void add_attack_metrics(Metrics& metrics) const;

  MembershipInferenceOptions options_;
  TaskContext context_;
  io::FileFingerprints files_;
  data::LabelledData data_, unseen_;  // no model is trained on the latter
  // Which examples of the data every model is trained on and compared with, the target first, which is compared with
  // the unseen ones.
  std::vector<std::vector<std::int64_t>> in_, out_;
  std::int64_t steps_of_model_ = 0, steps_of_attack_ = 0;
  double work_of_model_step_ = 0, work_of_attack_step_ = 0;

  std::unique_ptr<ModelTraining> model_;      // the one in training
  std::unique_ptr<MembershipAttack> attack_;  // from its first step on
  std::vector<Answers> to_in_, to_out_;       // of the models that are trained, to in_ and out_
  std::optional<double> certified_;           // ε of the target
};

}  // namespace talweg::tasks
