#pragma once

#include <memory>

#include "core/metrics/record.h"
#include "core/task/task.h"
#include "tasks/text_classification/lexicon.h"
#include "tasks/text_classification/text_dataset.h"
#include "tasks/text_classification/text_target.h"

namespace talweg::tasks {

/// Predictions for the texts of a set, in their order.
struct TextPredictions {
  std::vector<std::int64_t> classes;
  std::vector<double> scores;  ///< a predicted rating or a log-odds; empty when there is none (more than two classes)
};

/// Predictions from outputs [n, outputs] (float64, on the CPU): of a regression the rating and its sign, else the class
/// of the largest logit.
TextPredictions read_predictions(const at::Tensor& outputs, bool regression);

/// Texts to evaluate on, with the answers of the baselines to them.
struct EvaluationSet {
  std::string prefix;  ///< of its metrics: "" or "NAME_"
  std::unique_ptr<TextDataset> texts;
  std::vector<std::int64_t> classes;  ///< −1 where there is none: such texts count for correlations alone
  std::vector<double> ratings;        ///< or empty
  TextPredictions majority, lexicon;  ///< lexicon: empty without one

  /// `majority_class` is the most frequent class of the training texts.
  EvaluationSet(std::string prefix, const TargetedTexts& texts, std::unique_ptr<TextDataset> dataset,
                std::int64_t majority_class, const Lexicon* lexicon);
};

/// accuracy, f1, matthews, pearson and spearman of predictions, each named `prefix` + name, those that are defined.
/// The most telling (accuracy) is first.
Metrics scores_of(const TextPredictions& predictions, const EvaluationSet& set, const std::string& prefix);

/// One of scores_of by its name, NaN when it is not defined.
double score_of(const TextPredictions& predictions, const EvaluationSet& set, const std::string& name);

}  // namespace talweg::tasks
