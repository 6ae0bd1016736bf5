#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/agents/consensus.h"
#include "core/agents/neighbour_copies.h"
#include "core/agents/weighted_round.h"

namespace talweg::agents {

/// How the pull of a neighbour that stays is made up for: the dual variables p.
enum class Dual {
  aggregated,  ///< one for all neighbours
  per_edge,    ///< one for every neighbour, which moves and acts only in rounds in which the neighbour was heard
  none,        ///< none: a penalty alone
};
inline std::vector<std::pair<std::string, Dual>> choices(Dual) {
  return {{"aggregated", Dual::aggregated}, {"per_edge", Dual::per_edge}, {"none", Dual::none}};
}

/// Settings of consensus by the alternating direction method of multipliers.
struct AdmmOptions {
  double penalty = 1e-4;      ///< ρ > 0 of the first round
  double penalty_growth = 1;  ///< factor on ρ in every round
  Dual dual = Dual::aggregated;
  StalePolicy stale_policy = StalePolicy::keep;
  double objective_gradient_scale = 1;  ///< factor on the loss of the agent
};

/// How often entries were trained, and what that makes of weights.
struct CountOptions {
  double weight_floor = 1e-3;          ///< the least weight, in (0, 1]
  bool freeze_weights = true;          ///< in a round; otherwise they follow the agent's own counts at every step
  std::vector<std::string> uncounted;  ///< beginnings of the names of parameters whose weights are 1
};

/// Consensus ADMM: DiNNO, and with counts RAMEN, where every single parameter has a weight that says how often it was
/// trained. The copies of the neighbours, the dual, the target and the counts are its state.
class WeightedAdmm : public Consensus {
 public:
  /// Without `counts` all weights are 1.
  WeightedAdmm(const AdmmOptions& options, const std::optional<CountOptions>& counts, const AgentPosition& position);

  /// The counts.
  std::vector<at::Tensor> beside() const override;
  void hear(const std::vector<at::Tensor>& parameters, const Round& round) override;
  const QuadraticTerm* term() const override { return &term_; }
  void observe_gradient(const std::vector<at::Tensor>& parameters) override;
  void after_step(const std::vector<at::Tensor>&) override { step_is_new_ = true; }
  std::string sends_of_gradients() const override;
  bool relies_on_pairs() const override { return options_.dual != Dual::none; }
  /// "consensus/dual_norm", where there is a dual, and "consensus/trained_share", of the entries with a count.
  Metrics metrics() const override;
  std::string announcement() const override;
  checkpoint::State state() const override;
  void load(const checkpoint::State& state) override;

  /// u, one tensor per parameter, undefined where nothing is counted; empty without counts.
  const std::vector<at::Tensor>& update_counts() const { return counts_; }

 private:
  /// Puts the term where the copies and counts say, of an agent that sent these parameters.
  void place_target(const std::vector<at::Tensor>& sent, bool moves_dual);
  std::vector<at::Tensor>& edge_dual_of(std::int64_t neighbour, const std::vector<at::Tensor>& like);

  AdmmOptions options_;
  std::optional<CountOptions> count_options_;
  at::Device device_;
  double penalty_;
  QuadraticTerm term_;
  std::vector<at::Tensor> counts_;  // u; shared with the term, which counts, where weights are frozen
  std::vector<at::Tensor> sent_;    // θ of the last round; empty where weights are frozen in it
  NeighbourCopies copies_;
  std::map<std::int64_t, std::vector<at::Tensor>> edge_duals_;
  bool step_is_new_ = true;
};

}  // namespace talweg::agents
