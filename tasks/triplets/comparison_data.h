#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config/component.h"
#include "core/io/file_fingerprint.h"
#include "core/random/random_streams.h"
#include "tasks/triplets/comparison_summary.h"
#include "tasks/triplets/stored_triplets.h"
#include "tasks/triplets/triplets.h"

namespace talweg::tasks {

/// The factors that comparisons were drawn from, float64.
struct TrueFactors {
  at::Tensor users, items;  ///< [n1, r], [n2, r]; the items' rows have mean 0
};

/// How much held-out items are worth to users: the gains of rankings.
struct Relevance {
  at::Tensor users, items;  ///< [k] int32, by ascending user
  at::Tensor gains;         ///< [k] float64, ≥ 0; undefined: there is none
};

/// Comparisons for training, by ascending user, and for evaluation; float64 labels and weights on the CPU.
struct ComparisonData {
  Triplets training, evaluation;
  /// Comparisons that do not fit into memory: training is then on these, and `training` is a random sample of them, for
  /// what has to look at comparisons together.
  std::optional<StoredComparisons> stored = {};
  /// Of all training comparisons; the task adds it where the source does not.
  std::optional<ComparisonSummary> summary = {};
  std::int64_t users = 0, items = 0;
  std::vector<std::string> user_ids = {}, item_ids = {};  ///< by index; empty where they are numbers
  std::optional<TrueFactors> truth = {};
  Relevance relevance = {};  ///< where the source knows more than the evaluation comparisons say
  io::FileFingerprints files = {};
  bool splits_evaluation = false;       ///< the evaluation comparisons are a share of the same file
  std::vector<std::string> notes = {};  ///< sentences about the data that should be known before training
};

/// The kind of component that `data:` chooses where data are comparisons.
struct ComparisonDataKind {
  static constexpr const char* name = "comparisons";
  using Signature = ComparisonData(const RandomStreams& streams);
};

/// Registers `synthetic_comparisons` and the readers of files. Calling it again does nothing.
void register_comparison_data();

}  // namespace talweg::tasks
