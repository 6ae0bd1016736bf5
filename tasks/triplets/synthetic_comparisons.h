#pragma once

#include <utility>

#include "tasks/triplets/comparison_data.h"

namespace talweg::tasks {

enum class ComparisonLabels { probability, binary, repeated };
inline std::vector<std::pair<std::string, ComparisonLabels>> choices(ComparisonLabels) {
  return {{"probability", ComparisonLabels::probability},
          {"binary", ComparisonLabels::binary},
          {"repeated", ComparisonLabels::repeated}};
}

struct SyntheticComparisonsOptions {
  std::int64_t users = 200, items = 300, rank = 3, comparisons = 12000, evaluation_comparisons = 10000;
  double scale = 1;
  ComparisonLabels labels = ComparisonLabels::probability;
  std::int64_t repeats = 10;
};
void declare(config::Fields& f, SyntheticComparisonsOptions& o);
void validate(const SyntheticComparisonsOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Uniform users and uniform ordered pairs of distinct items, judged by X* = U*Σ*V*ᵀ with orthonormal U*, V* and
/// singular values scale·√(n1 n2/r), so that utilities have variance scale². Source: sizes are those of Sankagiri et
/// al. 2025; the law of the factors is ours.
ComparisonData synthetic_comparisons(const SyntheticComparisonsOptions& o, const RandomStreams& streams);

}  // namespace talweg::tasks
