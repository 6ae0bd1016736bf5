#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/objective/per_example_facet.h"
#include "core/optimizer/optimizer.h"
#include "core/optimizer/run_plan.h"
#include "core/privacy/accountant.h"
#include "optim/privacy/noise.h"
#include "optim/privacy/privacy_options.h"

namespace talweg::optim {

/// The update rule behind the privatised gradient, as far as accountants must know it.
struct UpdateRule {
  bool plain_sgd = false;    ///< θ ← θ − η·G and nothing else
  double learning_rate = 0;  ///< η of the first step
  std::optional<privacy::BoundedDomain> domain;
};

/// The mechanism of DP-SGD without the update: G = (1/b)(Σ_i clip_C(g_i) + N(0, (s·C)² I)) with the *configured* batch
/// size b, and the ledger of what that has released. Whatever is computed from G alone is as private as G.
/// Source: Abadi et al. 2016, algorithm 1.
class GradientPrivatiser {
 public:
  GradientPrivatiser(const PrivacyOptions& options, const ParameterList& parameters);

  /// Fixes sampler, batch size and noise. Throws ConfigError when the accountant is not true for the sampler, a target
  /// cannot be reached, or examples have no gradients of their own.
  void begin_run(const RunPlan& plan, const PerExampleFacet& examples, const UpdateRule& rule);

  /// Puts G into `.grad` of the parameters and the step into the ledger, whatever the batch holds. `learning_rate`
  /// enters the bounds for a bounded domain. When the sum is not usable, the gradients are not either; the step counts.
  ClippedSum privatise(PerExampleFacet& examples, double learning_rate);

  /// Steps that are made again with the same noise release what was released before; others are put into the ledger, at
  /// the noise that they had, and the steps that follow draw from a stream of their own.
  void count_lost_steps(const LostSteps& lost);
  nlohmann::json account() const;
  /// Noise and ε of the whole run before its first step, and what another sampler would cost where that is much less.
  std::string announcement() const;
  /// ε over the steps so far.
  std::vector<plot::Figure> figures() const;

  /// s: deviation of the noise on the sum over C. Known after begin_run.
  double noise_multiplier() const { return mechanism_.noise_multiplier; }
  std::int64_t steps() const { return steps_; }
  const privacy::Ledger& ledger() const { return ledger_; }

  nlohmann::json state() const;
  void load(const nlohmann::json& state);

 private:
  privacy::NeighbouringRelation relation() const;
  void fix_noise(std::int64_t steps);
  void seed_noise();
  /// Chooses the accountant and, for a target, the noise.
  void fix_accountant(const RunPlan& plan);
  double epsilon_after(const privacy::Accountant& accountant, std::int64_t steps) const;
  std::string what_poisson_samples_would_cost() const;

  PrivacyOptions options_;
  std::vector<at::Tensor> parameters_;
  std::unique_ptr<gradient::Clipping> clipping_;
  std::unique_ptr<GradientNoise> noise_;
  const privacy::Accountant* accountant_ = nullptr;
  privacy::Mechanism mechanism_;
  privacy::Ledger ledger_;
  std::vector<std::string> uses_of_data_;
  std::int64_t dataset_size_ = 0;
  std::int64_t planned_steps_ = 0;
  std::int64_t steps_ = 0, lost_steps_ = 0;
  std::int64_t timeline_ = 0;  ///< how often the run went on with what makes other steps
  RandomStreams streams_{0};
};

}  // namespace talweg::optim
