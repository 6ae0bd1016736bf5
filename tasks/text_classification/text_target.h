#pragma once

#include <ATen/core/Tensor.h>

#include "core/random/random_streams.h"
#include "tasks/text_classification/text_source.h"

namespace talweg::tasks {

/// The part of a label that is learnt.
enum class TextTarget {
  classes,  ///< labels are names of classes
  sign,     ///< labels are numbers: "negative" or "positive"; texts with 0 are left out
  value,    ///< labels are numbers: a regression
};
inline std::vector<std::pair<std::string, TextTarget>> choices(TextTarget) {
  return {{"classes", TextTarget::classes}, {"sign", TextTarget::sign}, {"value", TextTarget::value}};
}

/// Texts with what their labels mean.
struct TargetedTexts {
  LabelledTexts texts;
  std::vector<double> ratings;        ///< the labels as numbers; empty when they are names
  std::vector<std::int64_t> classes;  ///< index of the class; for ratings 0, 1 by sign and −1 for rating 0
};

/// Gives labels their meaning. `class_names` is filled from the labels when it is empty (sorted; for signs "negative",
/// "positive"), otherwise labels must be among it. Throws DataError: a label that is no number, or no known class;
/// fewer than two classes.
TargetedTexts target(LabelledTexts texts, TextTarget kind, std::vector<std::string>& class_names);

/// The texts with these indices.
TargetedTexts select(const TargetedTexts& texts, const std::vector<std::int64_t>& indices);

/// {rest, share}: `share` of the texts of every class, from the stream "split".
std::pair<TargetedTexts, TargetedTexts> split(const TargetedTexts& texts, double share, const RandomStreams& streams);

}  // namespace talweg::tasks
