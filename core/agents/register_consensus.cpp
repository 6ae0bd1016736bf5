#include "core/agents/federated_average.h"
#include "core/agents/gossip.h"
#include "core/agents/gradient_tracking.h"
#include "core/agents/proximity.h"
#include "core/agents/weighted_admm.h"

namespace talweg::agents {
namespace {

using Made = std::unique_ptr<Consensus>;

struct NoConsensusOptions {};
void declare(config::Fields&, NoConsensusOptions&) {}

constexpr const char* kMixingWeights =
    "weights of the neighbours that are heard: by degrees, or equal over those that were heard";

struct GossipOptions {
  MixingWeights weights = MixingWeights::metropolis;
  GradientPoint gradient_at = GradientPoint::mixed;
};
void declare(config::Fields& f, GossipOptions& o) {
  f("weights", o.weights, kMixingWeights);
  f("gradient_at", o.gradient_at, "whether the gradient of a step is taken after the exchange, or before it");
}

struct TrackingOptions {
  MixingWeights weights = MixingWeights::metropolis;
};
void declare(config::Fields& f, TrackingOptions& o) {
  f("weights", o.weights, kMixingWeights);
}

struct ProximityOptions {
  double penalty = 1e-4;
  StalePolicy stale_policy = StalePolicy::keep;
};
void declare(config::Fields& f, ProximityOptions& o) {
  f("penalty", o.penalty, "rho of the penalty rho·|theta − theta_j|² for every neighbour j", config::above(0));
  f("stale_policy", o.stale_policy, kStalePolicy);
}

void declare(config::Fields& f, AdmmOptions& o) {
  f("penalty", o.penalty, "rho of the penalty on the distance from the targets", config::above(0));
  f("dual", o.dual,
    "dual variables: one for all neighbours, one for every neighbour that acts while it is heard, none");
  f("stale_policy", o.stale_policy, kStalePolicy);
  f("objective_gradient_scale", o.objective_gradient_scale,
    "factor on the agent's own loss; the released code of RAMEN steps with 2", config::above(0));
}

struct DinnoOptions : AdmmOptions {};
void declare(config::Fields& f, DinnoOptions& o) {
  declare(f, static_cast<AdmmOptions&>(o));
  f("penalty_growth", o.penalty_growth, "factor on rho in every round", config::above(0));
}

struct RamenOptions : AdmmOptions, CountOptions {};
void declare(config::Fields& f, RamenOptions& o) {
  declare(f, static_cast<AdmmOptions&>(o));
  f("weight_floor", o.weight_floor, "the least weight of a parameter; the largest is 1", config::above(0),
    config::at_most(1));
  f("freeze_weights", o.freeze_weights,
    "weights stay as they are between two rounds; otherwise they follow the agent's own counts at every step");
  f("uncounted", o.uncounted,
    "beginnings of the names of parameters that are not counted and have weight 1, such as a shared decoder");
}

}  // namespace

void register_consensus() {
  static const bool once = [] {
    auto& registry = config::Registry<ConsensusKind>::instance();
    registry.add<NoConsensusOptions>(
        "averaging", "the mean of an agent's parameters and those it hears of, by Metropolis weights",
        "Xiao and Boyd 2004",
        [](const NoConsensusOptions&, const AgentPosition&) -> Made { return std::make_unique<Gossip>(); });
    registry.add<NoConsensusOptions>(
        "federated_average", "the mean of an agent's parameters and those it hears of, by numbers of examples",
        "McMahan et al. 2017", [](const NoConsensusOptions&, const AgentPosition& p) -> Made {
          return std::make_unique<FederatedAverage>(p);
        });
    registry.add<GossipOptions>("dsgd", "decentralised SGD: mix with the neighbours, then step",
                                "Nedić and Ozdaglar 2009", [](const GossipOptions& o, const AgentPosition&) -> Made {
                                  return std::make_unique<Gossip>(o.weights, o.gradient_at);
                                });
    registry.add<TrackingOptions>("dsgt",
                                  "decentralised gradient tracking: agents also mix an estimate of the mean gradient",
                                  "Pu and Nedić 2021", [](const TrackingOptions& o, const AgentPosition& p) -> Made {
                                    return std::make_unique<GradientTracking>(o.weights, p);
                                  });
    registry.add<ProximityOptions>("macim", "a penalty on the distance from the neighbours, without a dual",
                                   "Deng et al. 2024", [](const ProximityOptions& o, const AgentPosition& p) -> Made {
                                     return std::make_unique<Proximity>(o.penalty, o.stale_policy, p);
                                   });
    registry.add<DinnoOptions>("dinno", "consensus ADMM whose primal step is some steps of the agent's optimizer",
                               "Yu et al. 2022", [](const DinnoOptions& o, const AgentPosition& p) -> Made {
                                 return std::make_unique<WeightedAdmm>(o, std::nullopt, p);
                               });
    registry.add<RamenOptions>(
        "ramen", "consensus ADMM in which parameters that were trained often weigh more", "Zhao et al. 2025",
        [](const RamenOptions& o, const AgentPosition& p) -> Made { return std::make_unique<WeightedAdmm>(o, o, p); });
    return true;
  }();
  (void)once;
}

}  // namespace talweg::agents
