#include "tasks/text_classification/text_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/config/diagnostics.h"
#include "core/data/labelled_data.h"
#include "core/error.h"
#include "core/io/closest_word.h"
#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

double number_of(const std::string& label, const LabelledTexts& texts, std::size_t index) {
  double value = 0;
  const char* end = label.data() + label.size();
  const auto [stop, error] = std::from_chars(label.data(), end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value))
    throw DataError(fmt::format("{}: the label '{}' of example {} is not a number; for names use target: classes",
                                texts.name, label.substr(0, 60), index + 1));
  return value;
}

void name_classes(TargetedTexts& result, std::vector<std::string>& class_names) {
  if (class_names.empty()) class_names = data::index_labels(result.texts.labels).second;
  for (const std::string& label : result.texts.labels) {
    const auto found = std::find(class_names.begin(), class_names.end(), label);
    if (found == class_names.end())
      throw DataError(fmt::format("{}: the label '{}' is not a class of the training texts{}", result.texts.name,
                                  label.substr(0, 60), io::suggestion(label, class_names)));
    result.classes.push_back(found - class_names.begin());
  }
}

}  // namespace

TargetedTexts target(LabelledTexts texts, TextTarget kind, std::vector<std::string>& class_names) {
  TargetedTexts result;
  result.texts = std::move(texts);
  if (kind == TextTarget::classes) {
    name_classes(result, class_names);
    if (class_names.size() < 2)
      throw DataError(
          fmt::format("{}: all texts have the same label; at least two classes are needed", result.texts.name));
    return result;
  }
  if (kind == TextTarget::sign) class_names = {"negative", "positive"};
  std::vector<std::int64_t> kept;
  for (std::size_t i = 0; i < result.texts.size(); ++i) {
    const double rating = number_of(result.texts.labels[i], result.texts, i);
    result.ratings.push_back(rating);
    result.classes.push_back(rating > 0 ? 1 : rating < 0 ? 0 : -1);
    if (kind == TextTarget::value || rating != 0) kept.push_back(static_cast<std::int64_t>(i));
  }
  if (kept.empty()) throw DataError(fmt::format("{}: every label is 0", result.texts.name));
  return kept.size() == result.texts.size() ? result : select(result, kept);
}

TargetedTexts select(const TargetedTexts& texts, const std::vector<std::int64_t>& indices) {
  TargetedTexts result{select(texts.texts, indices), {}, {}};
  for (const std::int64_t index : indices) {
    const auto i = static_cast<std::size_t>(index);
    if (!texts.ratings.empty()) result.ratings.push_back(texts.ratings[i]);
    result.classes.push_back(texts.classes[i]);
  }
  return result;
}

std::pair<TargetedTexts, TargetedTexts> split(const TargetedTexts& texts, double share, const RandomStreams& streams) {
  const auto count = static_cast<std::int64_t>(texts.texts.size());
  data::LabelledData strata;
  strata.inputs = at::arange(count, at::kDouble);
  strata.targets = at::tensor(texts.classes, at::kLong);
  strata.targets -= strata.targets.min();
  strata.class_names.resize(static_cast<std::size_t>(strata.targets.max().item<std::int64_t>()) + 1);
  const auto [rest, taken] = data::stratified_split(strata, share, streams);
  const auto chosen = [&](const data::LabelledData& part) {
    std::vector<std::int64_t> indices;
    for (std::int64_t i = 0; i < part.size(); ++i)
      indices.push_back(static_cast<std::int64_t>(part.inputs.const_data_ptr<double>()[i]));
    return select(texts, indices);
  };
  return {chosen(rest), chosen(taken)};
}

}  // namespace talweg::tasks
