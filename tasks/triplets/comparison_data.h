#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config/component.h"
#include "core/io/file_fingerprint.h"
#include "core/random/random_streams.h"
#include "tasks/triplets/triplet_loss.h"

namespace talweg::tasks {

/// The factors that comparisons were drawn from, float64.
struct TrueFactors {
  at::Tensor users, items;  ///< [n1, r], [n2, r]; the items' rows have mean 0
};

/// Comparisons for training, by ascending user, and for evaluation; float64 labels on the CPU.
struct ComparisonData {
  Triplets training, evaluation;
  std::int64_t users = 0, items = 0;
  std::vector<std::string> user_ids = {}, item_ids = {};  ///< by index; empty where they are numbers
  std::optional<TrueFactors> truth = {};
  io::FileFingerprints files = {};
  bool splits_evaluation = false;  ///< the evaluation comparisons are a share of the same file
};

/// The kind of component that `data:` chooses in comparison_factorization.
struct ComparisonDataKind {
  static constexpr const char* name = "comparisons";
  using Signature = ComparisonData(const RandomStreams& streams);
};

/// The comparisons with these indices.
Triplets select(const Triplets& triplets, const at::Tensor& indices);
/// By ascending user; the order of a user's comparisons is kept.
Triplets by_user(const Triplets& triplets);

/// Registers `synthetic_comparisons` and `comparison_csv`. Calling it again does nothing.
void register_comparison_data();

}  // namespace talweg::tasks
