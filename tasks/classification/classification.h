#pragma once

#include "core/data/dataset.h"
#include "core/train/task.h"
#include "models/tensor_model.h"
#include "tasks/classification/data_source.h"

namespace talweg::tasks {

struct ClassificationOptions {
  config::Component<ClassificationDataKind> data{"digits"};
  config::Component<models::TensorModelKind> model{"mlp"};
  double evaluation_share = 0.2;
  bool standardize = false;
  double label_smoothing = 0;
  std::int64_t evaluation_batch_size = 1024;
};
void declare(config::Fields& f, ClassificationOptions& o);

/// Classes of labelled examples: mean softmax cross-entropy (with label smoothing), accuracy and confusion matrix on
/// examples that were not trained on.
class Classification : public Task {
 public:
  /// Throws DataError for data without examples, ConfigError when data and model do not fit.
  Classification(const ClassificationOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return *model_; }
  const data::Dataset& training_data() const override { return *training_; }
  at::Tensor loss(const data::Batch& batch) override;
  Metrics evaluate() override;
  std::vector<plot::Figure> figures() override;

 private:
  /// Calls visit(logits, targets) for the evaluation data in blocks, on the device.
  template <class Visit>
  void for_each_evaluation_block(Visit&& visit);

  ClassificationOptions options_;
  at::Device device_;
  std::shared_ptr<models::TensorModel> model_;
  std::unique_ptr<data::TensorDataset> training_;
  std::unique_ptr<data::TensorDataset> evaluation_;
  std::vector<std::string> class_names_;
};

}  // namespace talweg::tasks
