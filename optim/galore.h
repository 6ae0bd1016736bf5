#pragma once

#include "core/optimizer/one_gradient.h"
#include "core/optimizer/optimizer.h"
#include "core/optimizer/run_plan.h"
#include "core/optimizer/shardable.h"
#include "optim/subspace/low_rank_update.h"

namespace talweg::optim {

struct GaloreOptions {
  LowRankOptions low_rank;
};
void declare(config::Fields& f, GaloreOptions& o);
void validate(const GaloreOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Adam in a subspace of every weight matrix that is taken from the gradient itself every T steps: W ← (1 − ηλ)W −
/// ηα·Q N. `subspace: {method: exact_svd, moments: keep}` is the published method; the defaults find the subspace by a
/// randomized decomposition and carry the moments over. Source: Zhao et al. 2024; transport and randomized bases as in
/// Refael et al. 2025, 2026.
class Galore : public Optimizer, public OneGradient, public RunAware, public Shardable {
 public:
  Galore(ParameterList parameters, const GaloreOptions& options);
  Galore(const std::vector<at::Tensor>& parameters, const GaloreOptions& options)
      : Galore(name_parameters(parameters), options) {}

  void begin_run(const RunPlan& plan, Objective& objective) override;
  void count_lost_steps(const LostSteps&) override {}
  /// {"subspace": {"state_bytes", "projected", "refreshes"}}.
  nlohmann::json account() const override;
  std::string announcement() const override { return "galore: " + update_.selection().counted; }

  using Optimizer::step;
  StepReport step(Objective& objective) override;
  void keep_state_of(const std::vector<bool>& kept) override { update_.keep_state_of(kept); }
  OptimizerState state_dict() const override { return update_.state_dict(); }
  void load_state_dict(const OptimizerState& state) override { update_.load_state_dict(state); }

  const LowRankUpdate& update() const { return update_; }

 private:
  bool per_layer_;
  LowRankUpdate update_;
};

}  // namespace talweg::optim
