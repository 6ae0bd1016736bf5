#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/libtorch.h"
#include "core/task/metric_series.h"
#include "tasks/text_classification/text_classification.h"

namespace talweg::tasks {
namespace {

std::string domain_of(const EvaluationSet& set) {
  return set.prefix.empty() ? "evaluation" : set.prefix.substr(0, set.prefix.size() - 1);
}

/// A score of the model and of the baselines on every set of texts.
plot::Figure compare(const std::string& score, const std::string& title, const std::vector<EvaluationSet>& sets,
                     const std::vector<TextPredictions>& predictions) {
  plot::Figure figure;
  figure.name = score + "_by_domain";
  figure.title = title;
  figure.x_label = "texts";
  figure.caption =
      "The model was trained on texts like the first column; the lexicon sums the ratings of known words, the majority "
      "is the most frequent class of the training texts.";
  figure.heat_map.row_labels = {"model"};
  const bool has_lexicon = !sets.front().lexicon.scores.empty(), has_majority = score == "accuracy";
  if (has_lexicon) figure.heat_map.row_labels.push_back("lexicon");
  if (has_majority) figure.heat_map.row_labels.push_back("majority");
  figure.heat_map.values.resize(figure.heat_map.row_labels.size());
  for (std::size_t i = 0; i < sets.size(); ++i) {
    figure.heat_map.column_labels.push_back(domain_of(sets[i]));
    auto row = figure.heat_map.values.begin();
    (row++)->push_back(score_of(predictions[i], sets[i], score));
    if (has_lexicon) (row++)->push_back(score_of(sets[i].lexicon, sets[i], score));
    if (has_majority) row->push_back(score_of(sets[i].majority, sets[i], score));
  }
  return figure;
}

plot::Figure confusion(const TextPredictions& predictions, const EvaluationSet& set,
                       const std::vector<std::string>& names) {
  plot::Figure figure;
  figure.name = "confusion_matrix";
  figure.title = "Confusion matrix";
  figure.x_label = "predicted class";
  figure.y_label = "true class";
  figure.caption = fmt::format("{} evaluation texts: each row is a true class, each column what the model said.",
                               set.classes.size());
  figure.heat_map.row_labels = figure.heat_map.column_labels = names;
  figure.heat_map.values.assign(names.size(), std::vector<double>(names.size(), 0));
  for (std::size_t i = 0; i < set.classes.size(); ++i)
    figure.heat_map
        .values[static_cast<std::size_t>(set.classes[i])][static_cast<std::size_t>(predictions.classes[i])] += 1;
  return figure;
}

plot::Figure scatter(const TextPredictions& predictions, const EvaluationSet& set) {
  plot::Figure figure;
  figure.name = "predicted_values";
  figure.title = "Predicted against true values";
  figure.x_label = "true value";
  figure.y_label = "predicted value";
  constexpr std::size_t most = 1000;
  const std::size_t shown = std::min(most, set.ratings.size());
  figure.caption = fmt::format("{} of {} evaluation texts.", shown, set.ratings.size());
  plot::Series points{.name = "texts", .x = {}, .y = {}, .style = plot::SeriesStyle::points};
  points.x.assign(set.ratings.begin(), set.ratings.begin() + static_cast<std::ptrdiff_t>(shown));
  points.y.assign(predictions.scores.begin(), predictions.scores.begin() + static_cast<std::ptrdiff_t>(shown));
  const auto [least, largest] = std::minmax_element(set.ratings.begin(), set.ratings.end());
  figure.series = {
      points, {.name = "equal", .x = {*least, *largest}, .y = {*least, *largest}, .style = plot::SeriesStyle::dashed}};
  return figure;
}

/// The curve of a score over the steps, with the baselines as lines.
plot::Figure curve(const std::string& score, const std::string& title, const EvaluationSet& set,
                   const std::vector<metrics::Record>& records) {
  plot::Figure figure;
  figure.name = score + "_over_time";
  figure.title = title;
  figure.x_label = "step";
  figure.series = {series_of("eval/" + score, "model", records)};
  figure.caption = "On the evaluation texts, beside baselines that are not trained.";
  const double majority = score_of(set.majority, set, score);
  if (score == "accuracy") figure.references.push_back({majority, "majority"});
  if (!set.lexicon.scores.empty()) figure.references.push_back({score_of(set.lexicon, set, score), "lexicon"});
  return figure;
}

}  // namespace

std::vector<plot::Figure> TextClassification::figures() {
  constexpr std::size_t most_classes = 40;
  std::vector<TextPredictions> predictions;
  for (const EvaluationSet& set : sets_) predictions.push_back(read_predictions(all_outputs(set), is_regression()));
  std::vector<plot::Figure> figures;
  if (is_regression())
    figures.push_back(scatter(predictions.front(), sets_.front()));
  else if (class_names_.size() <= most_classes)
    figures.push_back(confusion(predictions.front(), sets_.front(), class_names_));
  if (sets_.size() > 1) {
    figures.push_back(compare("accuracy", "Accuracy by domain", sets_, predictions));
    if (!sets_.front().ratings.empty())
      figures.push_back(compare("pearson", "Pearson correlation by domain", sets_, predictions));
  }
  return figures;
}

std::vector<plot::Figure> TextClassification::figures_over_time(const std::vector<metrics::Record>& records) {
  std::vector<plot::Figure> figures{curve("accuracy", "Accuracy", sets_.front(), records)};
  if (!sets_.front().ratings.empty())
    figures.push_back(curve("pearson", "Pearson correlation", sets_.front(), records));
  return figures;
}

}  // namespace talweg::tasks
