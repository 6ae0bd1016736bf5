#pragma once

#include "core/metrics/record.h"
#include "tasks/triplets/comparison_data.h"
#include "tasks/triplets/factor_model.h"

namespace talweg::tasks {

/// Gains of held-out items from comparisons: the share of a user's comparisons of an item that it won, a tie counting
/// half. By ascending user and item.
Relevance relevance_of(const Triplets& evaluation, std::int64_t items);

/// "ndcg": mean over users of Σ (2^gain − 1)/log₂(1 + place) over the `cutoff` best of their held-out items, over the
/// same sum in the best order; users without a gain are left out. "hit_rate": share of users one of whose held-out
/// items of largest gain is among the `cutoff` best of all items (users whose gains are all equal are left out); of at
/// most 2·10⁷ utilities, that is of evenly spaced users where there are more. float64 rows. Metrics of no user are left
/// out. Source: Järvelin and Kekäläinen 2002.
Metrics ranking_metrics(const UtilityRows& rows, const Relevance& relevance, std::int64_t cutoff);

/// Mean over ten equal ranges of probability of |share that came true − mean prediction|, weighted by how many there
/// are. Every comparison is taken in the orientation that the model prefers, so that ranges lie between ½ and 1.
/// Source: Naeini et al. 2015 (expected calibration error).
double calibration_error(const at::Tensor& margins, const at::Tensor& labels);

}  // namespace talweg::tasks
