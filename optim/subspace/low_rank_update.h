#pragma once

#include <memory>

#include "core/optimizer/optimizer.h"
#include "core/optimizer/step_clock.h"
#include "optim/subspace/basis_finder.h"
#include "optim/subspace/low_rank_options.h"
#include "optim/subspace/refresh_plan.h"
#include "optim/subspace/target_selection.h"

namespace talweg::optim {

/// The mathematics that low-rank optimizers share: the projected matrices and the renewal of their subspaces, moments
/// within them, and the step W ← (1 − ηλ)W − ηα·Q N. Parameters that are not projected have the moment rule's ordinary
/// step. It evaluates nothing itself. Where a `SumOfParts` is asked for, it is that of this step (sum_of_parts()).
class LowRankUpdate {
 public:
  /// `paired`: keep the second basis of each matrix, for probes.
  LowRankUpdate(const ParameterList& parameters, const LowRankOptions& options, bool paired);

  /// Random numbers of sketches; from the run's seed when there is a run.
  void set_streams(const RandomStreams& streams) { finder_.set_streams(streams); }
  /// Where the time of refreshes and projections is charged; null: nowhere.
  void set_clock(StepClock* clock) { clock_ = clock; }
  StepClock* clock() const { return clock_; }
  /// Keeps the moments of these parameters alone, and moves no others. Every rank keeps all bases.
  void keep_state_of(const std::vector<bool>& kept);

  /// Where the ranks of a run hold parts of the gradient, projections and the products of new subspaces are summed over
  /// them by what this returns, not the gradients of the projected matrices. Empty where gradients are whole, and where
  /// the whole gradient is needed (residuals, norms, exact decompositions).
  SumOfParts sum_of_parts(Objective& objective) const;

  std::vector<ProjectedMatrix>& matrices() { return matrices_; }
  const std::vector<ProjectedMatrix>& matrices() const { return matrices_; }
  const TargetSelection& selection() const { return selection_; }

  /// Whether matrix k, or any, needs a new subspace at the step that comes next.
  bool is_due(std::size_t k) const { return matrices_[k].is_due(plan_.is_due(k, steps_)); }
  bool refresh_is_due() const;
  /// Finds new subspaces for the matrices that are due and takes them over. Gradients of all parameters, in order;
  /// matrices whose gradient is undefined are left out.
  void refresh(const std::vector<at::Tensor>& gradients, const SumOfParts& sum = {});
  /// refresh() in two parts, for gradients that come one by one: offers matrix k a new subspace; takes over
  /// all that were offered, with the moments.
  void find_basis(std::size_t k, const at::Tensor& gradient, const SumOfParts& sum);
  void take_over_bases();

  /// One step. `gradients` of all parameters; those of projected matrices may be undefined when Ĝ was formed before.
  void apply(const std::vector<at::Tensor>& gradients, double learning_rate, const SumOfParts& sum = {});

  std::int64_t steps() const { return steps_; }
  std::int64_t refreshes() const { return refreshes_; }
  /// ‖Ĝ‖ of all matrices of the last step, and ‖G − QĜ‖²/‖G‖²; on request of `norms`.
  std::vector<std::pair<std::string, double>> norms() const;
  /// Bytes of bases and moments.
  std::int64_t state_bytes() const;
  /// {"state_bytes", "projected" (matrices), "refreshes", "parameters"}: what a run has to state.
  nlohmann::json account() const;

  OptimizerState state_dict() const;
  void load_state_dict(const OptimizerState& state);

 private:
  void share_scratch();
  void make_rule();
  void step_matrix(std::size_t k, const at::Tensor& gradient, double learning_rate);
  void step_others(const std::vector<at::Tensor>& gradients, double learning_rate);
  void note_small_gradients();
  void note_norms(const std::vector<at::Tensor>& gradients);
  std::vector<at::Tensor> projections() const;

  ParameterList parameters_;
  LowRankOptions options_;
  TargetSelection selection_;
  std::vector<ProjectedMatrix> matrices_;
  BasisFinder finder_;
  RefreshPlan plan_;
  Residual residual_;
  std::unique_ptr<MomentRule> rule_;
  std::vector<ParameterTreatment> treatments_;          // per parameter
  std::vector<bool> kept_;                              // per parameter: whether its moments are here
  std::vector<std::optional<std::size_t>> rule_index_;  // per parameter: which of the rule's memories is its own
  StepClock* clock_ = nullptr;
  std::int64_t steps_ = 0, refreshes_ = 0;
  at::Tensor norms_;  // ‖Ĝ‖², ‖G‖² of the last step, summed over matrices
};

}  // namespace talweg::optim
