#pragma once

#include <torch/nn/modules/linear.h>

#include "core/task/capabilities.h"
#include "core/task/describes_data.h"
#include "core/task/reads_files.h"
#include "core/task/task.h"
#include "tasks/text_classification/evaluation_set.h"
#include "tasks/text_classification/lexicon.h"
#include "tasks/text_classification/text_backbone.h"
#include "tasks/text_classification/text_dataset.h"
#include "tasks/text_classification/text_target.h"

namespace talweg::tasks {

/// Further texts that the model is only evaluated on: another domain.
struct TransferOptions {
  std::string name;
  config::Component<LabelledTextKind> data;
};
void declare(config::Fields& f, TransferOptions& o);

struct TextClassificationOptions {
  config::Component<LabelledTextKind> data{"opinions"};
  std::optional<config::Component<LabelledTextKind>> evaluation_data;
  double evaluation_share = 0.2;
  std::vector<TransferOptions> transfer;
  std::string lexicon;
  config::Component<TextBackboneKind> backbone{"bert"};
  TextTarget target = TextTarget::sign;
  std::vector<std::string> classes;
  std::optional<models::Pooling> pooling;
  bool keep_head = false;
  double head_dropout = 0.1;
  double label_smoothing = 0;
  std::int64_t longest = 128;
  std::optional<std::int64_t> frozen_layers;
  std::int64_t evaluation_batch_size = 64;
};
void declare(config::Fields& f, TextClassificationOptions& o);
void validate(const TextClassificationOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Classes or ratings of texts: an encoder, a pooled vector and one linear layer, fine-tuned on labelled texts.
/// Evaluated beside the majority class and a lexicon, and on other domains. Metrics of a part ("" for the evaluation
/// texts, "NAME_" for a transfer): accuracy, f1 (of the second of two classes, else the mean over classes), matthews,
/// and where labels are numbers pearson and spearman of the score with them. The score is the predicted rating, or of
/// two classes the difference of the logits. With ratings, classes are their signs.
class TextClassification : public Task,
                           public PerExampleLosses,
                           public ModelExport,
                           public ReadsFiles,
                           public DescribesData {
 public:
  /// Throws DataError for texts or weights that cannot be used, ConfigError when options do not fit together.
  TextClassification(const TextClassificationOptions& options, const TaskContext& context);

  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return *training_; }
  const io::FileFingerprints& files_read() const override { return files_; }
  at::Tensor loss(const data::Batch& batch) override;
  at::Tensor example_losses(const data::Batch& batch) override;
  Metrics evaluate() override;
  std::vector<plot::Figure> figures() override;
  std::vector<plot::Figure> figures_over_time(const std::vector<metrics::Record>& records) override;
  std::vector<std::string> uses_of_data() const override;
  nlohmann::json data_description() const override { return {{"classes", class_names_}}; }
  void write_model(const std::filesystem::path& folder, std::optional<at::ScalarType> type) override;

  /// Logits or ratings: [n, outputs].
  at::Tensor outputs(const data::Batch& batch);

 private:
  at::Tensor losses_of(const data::Batch& batch, at::Reduction::Reduction reduction);
  /// Outputs for all texts of a set in their order, on the CPU in float64: [size, outputs].
  at::Tensor all_outputs(const EvaluationSet& set);
  bool is_regression() const { return options_.target == TextTarget::value; }
  void make_head(const TaskContext& context, double first_value);
  void freeze();

  TextClassificationOptions options_;
  at::Device device_;
  io::FileFingerprints files_;
  TextBackbone backbone_;
  models::Pooling pooling_;
  std::vector<std::string> class_names_;  // empty for ratings
  torch::nn::Module module_;
  torch::nn::Linear head_{nullptr};
  std::unique_ptr<TextDataset> training_;
  std::vector<EvaluationSet> sets_;  // the evaluation texts, then the transfers
};

}  // namespace talweg::tasks
