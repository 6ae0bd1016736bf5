#pragma once

#include "core/optimizer/optimizer.h"
#include "core/optimizer/run_plan.h"
#include "core/optimizer/shardable.h"
#include "optim/ascent/subspace_directions.h"
#include "optim/ascent/zeroth_order_ascent.h"
#include "optim/subspace/low_rank_update.h"

namespace talweg::optim {

/// The directions in which a matrix is probed: paired, Q diag(u) R; symmetric, Q diag(u) Qᵀ (square matrices only);
/// projected, Q Z with a Gaussian matrix Z.
enum class ProbeBasis { paired, symmetric, projected };
std::vector<std::pair<std::string, ProbeBasis>> choices(ProbeBasis);

/// The gradient that new subspaces come from: a fresh one at the unperturbed weights, an extra backward pass, or the
/// previous step's perturbed one, which costs nothing.
enum class RefreshFrom { fresh, previous };
std::vector<std::pair<std::string, RefreshFrom>> choices(RefreshFrom);

struct LorenzaAscentOptions {
  ZerothOrderOptions zeroth_order;
  ProbeBasis basis = ProbeBasis::paired;
};
void declare(config::Fields& f, LorenzaAscentOptions& o);

struct LorenzaOptions {
  LowRankOptions low_rank;
  RefreshFrom refresh_from = RefreshFrom::fresh;
  LorenzaAscentOptions ascent;
};
void declare(config::Fields& f, LorenzaOptions& o);
void validate(const LorenzaOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// LORENZA: every projected matrix is moved a distance ρ (of all together) up the loss along a direction that is
/// estimated within its subspace from 2q forward passes; the gradient there, the only backward pass of an ordinary
/// step, is projected, turned into a direction by moments in the subspace, and the step is made from the unperturbed
/// weights. Parameters that are not projected are never perturbed. `residual: raw` or `fira` is Lorenza+.
/// Source: Refael et al. 2026; what its text leaves open is resolved as docs/lorenza.md tells.
class Lorenza : public Optimizer, public RunAware, public Shardable {
 public:
  /// Throws ConfigError for symmetric probes of a matrix that is not square.
  Lorenza(ParameterList parameters, const LorenzaOptions& options);
  Lorenza(const std::vector<at::Tensor>& parameters, const LorenzaOptions& options)
      : Lorenza(name_parameters(parameters), options) {}

  void begin_run(const RunPlan& plan, Objective& objective) override;
  void count_lost_steps(const LostSteps&) override {}
  /// {"subspace": {"state_bytes", "projected", "refreshes"}, "ascent": {"failed_probes"}}.
  nlohmann::json account() const override;
  std::string announcement() const override { return "lorenza: " + update_.selection().counted; }

  using Optimizer::step;
  StepReport step(Objective& objective) override;
  void keep_state_of(const std::vector<bool>& kept) override { update_.keep_state_of(kept); }
  OptimizerState state_dict() const override;
  void load_state_dict(const OptimizerState& state) override;

  const LowRankUpdate& update() const { return update_; }
  ZerothOrderAscent& ascent() { return *ascent_; }
  const AscentReport& last_ascent() const { return last_ascent_; }

 private:
  LorenzaOptions options_;
  LowRankUpdate update_;
  std::unique_ptr<ZerothOrderAscent> ascent_;
  AscentReport last_ascent_;
};

}  // namespace talweg::optim
