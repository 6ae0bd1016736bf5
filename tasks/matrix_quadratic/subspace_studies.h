#pragma once

#include <vector>

#include "core/config/fields.h"
#include "core/train/task.h"

namespace talweg::tasks {

struct RangeFinderStudy {
  std::int64_t rank = 10;
  std::int64_t oversampling = 5;
  std::int64_t draws = 200;
};
void declare(config::Fields& f, RangeFinderStudy& o);

/// Mean errors ‖A − QQᵀA‖ over random sketches: "frobenius_error" and "spectral_error" of rank + oversampling columns,
/// beside "frobenius_bound" and "spectral_bound" (Halko, Martinsson and Tropp 2011, theorems 10.5 and 10.6) and the
/// smallest error of the rank, "optimum"; "plain_frobenius_error" of as many columns as the rank, and "plain_bound",
/// the least of theorem 10.5 over smaller ranks; cut back to the rank, "truncated_ratio_q" to the optimum after q = 0,
/// 1, 2 power iterations.
Metrics study_range_finder(const at::Tensor& matrix, const RangeFinderStudy& study, const RandomStreams& streams);

struct ProbeStudy {
  std::int64_t rank = 8;
  std::vector<std::int64_t> counts{1, 4, 16, 64};
  std::int64_t draws = 2000;
};
void declare(config::Fields& f, ProbeStudy& o);

/// For a loss whose gradient is A: "cosine_q", the mean cosine of the estimate from q probes Q diag(u) R with the
/// gradient's part they see; and the share of ‖A‖² that the r coordinates see with singular pairs that are exact
/// ("share_exact"), randomized with p = 5 and one power iteration ("share_randomized") or without both ("share_plain"),
/// of an unrotated range finder ("share_unrotated"), of Q diag(u) Qᵀ ("share_symmetric", square A only) and of random
/// bases ("share_random").
Metrics study_probes(const at::Tensor& matrix, const ProbeStudy& study, const RandomStreams& streams);

struct TransportStudy {
  std::int64_t rank = 8;
  double change = 0.3;
  std::int64_t changes = 1000;
};
void declare(config::Fields& f, TransportStudy& o);

/// Bases of rank r in R^rows that move a little at each of many changes, and moments that take in new gradients
/// between: "linear_negative_share", how much of a positive V the linear rule X·V makes negative in one change;
/// "squared_smallest" and "ldadam_smallest", the smallest entry of V that the other rules ever leave.
Metrics study_transport(std::int64_t rows, const TransportStudy& study, const RandomStreams& streams);

}  // namespace talweg::tasks
