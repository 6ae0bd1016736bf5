#pragma once

#include "tasks/text_classification/text_source.h"

namespace talweg::tasks {

struct OpinionsOptions {
  std::int64_t examples = 1000;
  double negated = 0.3;
  bool pairs = false;
};
void declare(config::Fields& f, OpinionsOptions& o);

/// Sentences such as "the story was not very good": a subject and one or two judgements, some negated. The label is the
/// sum of the judgements, each in {−2, −1, 1, 2}; negation turns the sign of the one it stands before, so that counting
/// words is not enough. As pairs the label is the difference of the two sentences' sums. Never 0. For trials without
/// files.
LabelledTexts opinions(const OpinionsOptions& options, const RandomStreams& streams);

}  // namespace talweg::tasks
