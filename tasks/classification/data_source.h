#pragma once

#include "core/config/component.h"
#include "core/data/labelled_data.h"
#include "core/io/file_fingerprint.h"

namespace talweg::tasks {

/// Labelled examples for training and evaluation.
struct ClassificationData {
  data::LabelledData training;
  data::LabelledData evaluation;    ///< empty when the source has no part of its own for it: the task splits one off
  io::FileFingerprints files = {};  ///< that the examples were read from; empty where they were not
};

/// The kind of component that `data:` chooses in the classification task. `streams` seeds synthetic data.
struct ClassificationDataKind {
  static constexpr const char* name = "data";
  using Signature = ClassificationData(const RandomStreams& streams);
};

/// Registers every data source of this task. Calling it again does nothing.
void register_classification_data();

}  // namespace talweg::tasks
