#pragma once

#include <memory>
#include <vector>

#include "core/objective/objective.h"
#include "core/study/study.h"
#include "optim/ascent/zeroth_order_ascent.h"
#include "tasks/matrix_quadratic/matrix_target.h"

namespace talweg::tasks {

struct ProbeStudyOptions : MatrixTargetOptions {
  std::int64_t rank = 8;
  std::vector<std::int64_t> counts{1, 4, 16, 64};
  std::int64_t draws = 2000;
};
void declare(config::Fields& f, ProbeStudyOptions& o);
void validate(const ProbeStudyOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// How well slopes along low-rank probes estimate a gradient A. A step is one estimate, for every number of probes in
/// turn, or, after them, one pair of random bases. Source: ours.
class ProbeStudy : public Study {
 public:
  ProbeStudy(const ProbeStudyOptions& options, const StudyContext& context);

  std::int64_t steps() const override;
  /// Probes that were evaluated; a pair of bases counts as some.
  double work_until(std::int64_t steps) const override;
  void step(std::int64_t index) override;
  /// "cosine_q", the mean cosine of the estimate from q probes Q diag(u) R with the gradient's part they see; and the
  /// share of ‖A‖² that the r coordinates see with singular pairs that are exact ("share_exact"), randomized with p = 5
  /// and one power iteration ("share_randomized") or without both ("share_plain"), of an unrotated range finder
  /// ("share_unrotated"), of Q diag(u) Qᵀ ("share_symmetric", square A only) and of random bases ("share_random").
  /// Means are those of the steps so far.
  Metrics evaluate() override;
  checkpoint::State state() const override;
  void load(const checkpoint::State& state, std::int64_t steps) override;

 private:
  class Linear;
  /// Where a step stands: the number of the list `counts` whose turn it is (their number: the bases'), and its draw.
  struct Place {
    std::size_t part;
    std::int64_t draw;
  };
  Place place(std::int64_t index) const;
  std::int64_t draws_of(std::size_t part) const;
  double work_of(std::size_t part) const;
  void estimate(std::size_t part, std::int64_t draw);
  void compare_bases(std::int64_t draw);
  double visible_share(const at::Tensor& left, const at::Tensor& right) const;

  ProbeStudyOptions options_;
  RandomStreams streams_;
  at::Tensor matrix_, weight_;        // A, and what is displaced along the probes
  at::Tensor left_, values_, right_;  // singular pairs of A
  std::unique_ptr<Objective> objective_;
  std::unique_ptr<optim::ZerothOrderAscent> ascent_;  // of the number of probes whose turn it is
  std::size_t ascent_part_ = 0;
  std::int64_t made_ = 0;
  at::Tensor cosines_;  // sums, one per number of probes
  at::Tensor shares_;   // sums: randomized, plain, unrotated, random
};

}  // namespace talweg::tasks
