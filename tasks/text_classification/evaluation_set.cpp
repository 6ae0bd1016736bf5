#include "tasks/text_classification/evaluation_set.h"

#include <cmath>
#include <set>

#include "core/libtorch.h"
#include "tasks/text_classification/scores.h"

namespace talweg::tasks {
namespace {

template <class T>
std::vector<T> values_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.contiguous();
  return {flat.const_data_ptr<T>(), flat.const_data_ptr<T>() + flat.numel()};
}

}  // namespace

TextPredictions read_predictions(const at::Tensor& outputs, bool regression) {
  if (regression) return {values_of<std::int64_t>((outputs.squeeze(1) > 0).to(at::kLong)), values_of<double>(outputs)};
  TextPredictions result{values_of<std::int64_t>(outputs.argmax(1)), {}};
  if (outputs.size(1) == 2) result.scores = values_of<double>(outputs.select(1, 1) - outputs.select(1, 0));
  return result;
}

EvaluationSet::EvaluationSet(std::string name_prefix, const TargetedTexts& targeted,
                             std::unique_ptr<TextDataset> dataset, std::int64_t majority_class, const Lexicon* words)
    : prefix(std::move(name_prefix)), texts(std::move(dataset)), classes(targeted.classes), ratings(targeted.ratings) {
  majority.classes.assign(classes.size(), majority_class);
  if (!words) return;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    double score = words->score(targeted.texts.first[i]);
    if (targeted.texts.is_pairs()) score -= words->score(targeted.texts.second[i]);
    lexicon.scores.push_back(score);
    // Where the lexicon says nothing the majority decides.
    lexicon.classes.push_back(score > 0 ? 1 : score < 0 ? 0 : majority_class);
  }
}

Metrics scores_of(const TextPredictions& predictions, const EvaluationSet& set, const std::string& prefix) {
  std::vector<std::int64_t> predicted, truth;
  for (std::size_t i = 0; i < set.classes.size(); ++i) {
    if (set.classes[i] < 0) continue;
    predicted.push_back(predictions.classes[i]);
    truth.push_back(set.classes[i]);
  }
  Metrics metrics;
  if (!truth.empty()) {
    const std::set<std::int64_t> names(truth.begin(), truth.end());
    double f = 0;
    if (*names.rbegin() <= 1)
      f = f1(predicted, truth, 1);
    else
      for (const std::int64_t name : names) f += f1(predicted, truth, name) / static_cast<double>(names.size());
    metrics.emplace_back(prefix + "accuracy", accuracy(predicted, truth));
    metrics.emplace_back(prefix + "matthews", matthews(predicted, truth));
    metrics.emplace_back(prefix + "f1", f);
  }
  if (!set.ratings.empty() && !predictions.scores.empty()) {
    metrics.emplace_back(prefix + "pearson", pearson(predictions.scores, set.ratings));
    metrics.emplace_back(prefix + "spearman", spearman(predictions.scores, set.ratings));
  }
  return metrics;
}

double score_of(const TextPredictions& predictions, const EvaluationSet& set, const std::string& name) {
  for (const auto& [key, value] : scores_of(predictions, set, ""))
    if (key == name) return value;
  return std::nan("");
}

}  // namespace talweg::tasks
