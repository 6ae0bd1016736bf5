#pragma once

#include <memory>

#include "core/optimizer/optimizer.h"
#include "core/optimizer/step_clock.h"
#include "core/random/random_streams.h"
#include "optim/subspace/low_rank_options.h"
#include "optim/subspace/refresh_plan.h"
#include "optim/subspace/target_selection.h"

namespace talweg::optim {

/// The mathematics that low-rank optimizers share: subspaces of the projected matrices, their renewal, moments within
/// them, and the step W ← (1 − ηλ)W − ηα·Q N. Parameters that are not projected have the moment rule's ordinary step.
/// It evaluates nothing itself. Everything is allocated at the start, so a state always has the same tensors.
class LowRankUpdate {
 public:
  /// `paired`: keep the second basis of each matrix, for probes.
  LowRankUpdate(const ParameterList& parameters, const LowRankOptions& options, bool paired);

  /// Random numbers of sketches; from the run's seed when there is a run.
  void set_streams(const RandomStreams& streams) { streams_ = streams; }
  /// Where the time of refreshes and projections is charged; null: nowhere.
  void set_clock(StepClock* clock) { clock_ = clock; }

  /// Before the gradients of a step are made. Where the ranks of a run hold parts of the gradient, projections and the
  /// products of new subspaces are summed over them, not the gradients of the projected matrices. Returns whether that
  /// is so; where the whole gradient is needed (residuals, norms, exact decompositions) it is not.
  bool begin_step(Objective& objective);
  bool sums_over_ranks() const { return ranks_ != nullptr; }

  /// Keeps the moments of these parameters alone, and moves no others. Every rank keeps all bases.
  void keep_state_of(const std::vector<bool>& kept);

  /// Whether some matrix needs a new subspace at the step that comes next.
  bool refresh_is_due() const;
  /// Whether matrix k of the projected ones does.
  bool is_due(std::size_t k) const;
  /// Finds new subspaces for the matrices that are due and takes them over. Gradients of all parameters, in order;
  /// matrices whose gradient is undefined are left out.
  void refresh(const std::vector<at::Tensor>& gradients);
  /// What refresh() does in two parts, for gradients that come one by one: finds the new subspace of matrix k, which
  /// project() uses from then on; all that were found are taken over, with their moments, or dropped.
  void find_basis(std::size_t k, const at::Tensor& gradient);
  void take_over_bases();
  void drop_bases();

  /// Ĝ of matrix k from its gradient: forms it, or adds to what add_projected() was given before in this step.
  void project(std::size_t k, const at::Tensor& gradient);
  void add_projected(std::size_t k, const at::Tensor& gradient);
  void scale_projected(const at::Tensor& factor);
  /// Forgets every Ĝ that was formed and not used.
  void drop_projected();

  /// One step. `gradients` of all parameters; those of projected matrices may be undefined when Ĝ was formed before.
  void apply(const std::vector<at::Tensor>& gradients, double learning_rate);

  const TargetSelection& selection() const { return selection_; }
  /// Of the k-th projected matrix.
  const Basis& basis(std::size_t k) const { return bases_[k]; }
  std::int64_t steps() const { return steps_; }
  std::int64_t refreshes() const { return refreshes_; }
  /// ‖Ĝ‖ of all matrices of the last step, and ‖G − QĜ‖²/‖G‖²; on request of `norms`.
  std::vector<std::pair<std::string, double>> norms() const;
  /// Bytes of bases and moments.
  std::int64_t state_bytes() const;

  /// {"state_bytes", "projected" (matrices), "refreshes"}: what a run has to state.
  nlohmann::json account() const;

  OptimizerState state_dict() const;
  void load_state_dict(const OptimizerState& state);

 private:
  void make_rule();
  bool keeps(std::size_t parameter) const { return rule_index_[parameter].has_value(); }
  void sum_over_ranks(const std::vector<at::Tensor>& tensors) const;
  void find_bases(const std::vector<std::size_t>& matrices, const std::vector<at::Tensor>& gradients);
  const Basis& newest_basis(std::size_t k) const;
  void step_matrix(std::size_t k, const at::Tensor& gradient, double learning_rate);
  void note_small_gradients();

  ParameterList parameters_;
  LowRankOptions options_;
  bool paired_;
  StepClock* clock_ = nullptr;
  RandomStreams streams_{0};
  TargetSelection selection_;
  std::vector<Basis> bases_;
  std::unique_ptr<RefreshPlan> plan_;
  std::unique_ptr<MomentRule> rule_;
  std::vector<bool> kept_;                              // per parameter: whether its moments are here
  std::vector<std::optional<std::size_t>> rule_index_;  // per parameter: which of the rule's memories is its own
  Residual residual_;
  std::vector<at::Tensor> projected_;        // Ĝ
  std::vector<at::Tensor> negative_;         // −N, views of one buffer
  std::vector<std::optional<Basis>> found_;  // not taken over yet
  std::vector<bool> small_;                  // ‖Ĝ‖ fell below the threshold: due at the next step
  std::vector<bool> fresh_;                  // renewed since the last step
  Objective* ranks_ = nullptr;               // whose gradients are parts; null: they are whole
  std::vector<bool> formed_;                 // add_projected() has begun this step's sum
  std::int64_t steps_ = 0, refreshes_ = 0;
  at::Tensor norms_;  // ‖Ĝ‖², ‖G‖² of the last step, summed over matrices
};

}  // namespace talweg::optim
