#pragma once

#include "core/study/study.h"

namespace talweg::tasks {

struct TransportStudyOptions {
  std::int64_t rows = 64;
  std::int64_t rank = 8;
  double change = 0.3;
  std::int64_t changes = 1000;
};
void declare(config::Fields& f, TransportStudyOptions& o);
void validate(const TransportStudyOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// The effect of changes of basis on second moments: bases of rank r in R^rows that move a little at each of many
/// changes, and moments that take in new gradients between. A step is a change. Source: ours; rules of Refael et al.
/// 2026 and Robert et al. 2025.
class TransportStudy : public Study {
 public:
  TransportStudy(const TransportStudyOptions& options, const StudyContext& context);

  std::int64_t steps() const override { return options_.changes; }
  void step(std::int64_t index) override;
  /// "linear_negative_share", how much of a positive V the linear rule X·V makes negative in one change, on average
  /// over the changes so far; "squared_smallest" and "ldadam_smallest", the smallest entry of V that the other rules
  /// ever left. Empty before the first change.
  Metrics evaluate() override;
  checkpoint::State state() const override;
  void load(const checkpoint::State& state, std::int64_t steps) override;

 private:
  TransportStudyOptions options_;
  RandomStreams streams_;
  std::int64_t made_ = 0;
  at::Tensor basis_;
  at::Tensor means_, squares_;  // [rules, r, columns]: moments under the squared rule and under LDAdam's
  at::Tensor negative_;         // sum of shares
  at::Tensor smallest_;         // [rules]
};

}  // namespace talweg::tasks
