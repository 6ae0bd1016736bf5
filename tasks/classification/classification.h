#pragma once

#include "core/data/dataset.h"
#include "core/task/capabilities.h"
#include "core/task/describes_data.h"
#include "core/task/reads_files.h"
#include "core/task/task.h"
#include "models/tensor_model.h"
#include "tasks/classification/data_source.h"

namespace talweg::tasks {

/// How outputs become classes: one logit per class, or for two classes one logit whose sign tells the class; or an
/// output per class that is fitted to 1 for the true class and 0 for the others, with the loss ½‖·‖².
enum class ClassificationHead { softmax, logistic, squared };
inline std::vector<std::pair<std::string, ClassificationHead>> choices(ClassificationHead) {
  return {{"softmax", ClassificationHead::softmax},
          {"logistic", ClassificationHead::logistic},
          {"squared", ClassificationHead::squared}};
}

struct RbfKernelOptions {
  double bandwidth = 1;
};
void declare(config::Fields& f, RbfKernelOptions& o);

/// Ranges that are known beforehand, in place of statistics of the data.
struct FeatureRanges {
  std::vector<double> low, high;  ///< of every feature, or one number for all
};
void declare(config::Fields& f, FeatureRanges& o);
void validate(const FeatureRanges& o, const config::Value& where, config::Diagnostics& diagnostics);

struct ClassificationOptions {
  config::Component<ClassificationDataKind> data{"digits"};
  config::Component<models::TensorModelKind> model{"mlp"};
  double evaluation_share = 0.2;
  bool standardize = false;
  std::optional<FeatureRanges> ranges;
  std::vector<std::string> classes;
  std::optional<RbfKernelOptions> rbf_kernel;
  ClassificationHead head = ClassificationHead::softmax;
  double label_smoothing = 0;
  std::int64_t evaluation_batch_size = 1024;
};
void declare(config::Fields& f, ClassificationOptions& o);
void validate(const ClassificationOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Classes of labelled examples: mean cross-entropy of the softmax or logistic head, accuracy and confusion matrix on
/// examples that were not trained on. With a linear model this is softmax or logistic regression, and the loss is exact
/// far below the precision of its terms.
class Classification : public Task,
                       public LinearInParameters,
                       public KnownSmoothness,
                       public PerExampleLosses,
                       public ReadsFiles,
                       public DescribesData {
 public:
  /// Throws DataError for data without examples, ConfigError when data and model do not fit.
  Classification(const ClassificationOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return *model_; }
  const data::Dataset& training_data() const override { return *training_; }
  const io::FileFingerprints& files_read() const override { return files_; }
  at::Tensor loss(const data::Batch& batch) override;
  at::Tensor example_losses(const data::Batch& batch) override;
  Metrics evaluate() override;
  std::vector<plot::Figure> figures() override;
  std::vector<std::string> uses_of_data() const override;
  nlohmann::json data_description() const override { return description_; }

  /// With a linear model and a cross-entropy without label smoothing.
  bool is_linear() const override;
  bool is_convex() const override { return true; }
  at::Tensor outputs(const data::Batch& batch) override;
  std::vector<at::Tensor> pull_back(const at::Tensor& residual, const data::Batch& batch) override;
  at::Tensor losses(const at::Tensor& outputs, const data::Batch& batch) override;
  ValueAndResidual value_and_residual(const at::Tensor& outputs, const data::Batch& batch) override;
  Pass pass(const data::Batch& batch) override;
  /// λ_max(XᵀX)/(4n) for the logistic head, λ_max(XᵀX)/(2n) for softmax, of a linear model; X has a column of ones for
  /// the intercept.
  double smoothness() override;

 private:
  void describe(const data::LabelledData& training);
  void scale_features(ClassificationData& source);
  /// The mean of the losses of a batch, or each of them: [n].
  at::Tensor losses_of(const data::Batch& batch, at::Reduction::Reduction reduction);
  at::Tensor predictions(const at::Tensor& logits) const;
  /// Calls visit(logits, targets) for the evaluation data in blocks, on the device.
  template <class Visit>
  void for_each_evaluation_block(Visit&& visit);

  ClassificationOptions options_;
  io::FileFingerprints files_;
  bool splits_evaluation_ = false;  // off the training data
  at::Device device_;
  std::shared_ptr<models::TensorModel> model_;
  std::unique_ptr<data::TensorDataset> training_;
  at::Tensor inputs_by_feature_;  ///< the training inputs with the examples next to each other in memory
  std::unique_ptr<data::TensorDataset> evaluation_;
  std::vector<std::string> class_names_;
  nlohmann::json description_;
};

}  // namespace talweg::tasks
