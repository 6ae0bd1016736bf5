#include "optim/subspace/low_rank_options.h"

namespace talweg::optim {

void declare(config::Fields& f, LowRankOptions& o) {
  register_moment_rules();
  f("learning_rate", o.learning_rate, "step size eta; of projected matrices eta*alpha", config::above(0));
  f("weight_decay", o.weight_decay, "decoupled decay lambda: theta is multiplied by 1 - eta*lambda",
    config::at_least(0));
  f("groups", o.groups, kGroupsMeaning);
  f("targets", o.targets, "which matrices are projected");
  f("subspace", o.subspace, "the subspace of a projected matrix");
  f("rule", o.rule, "what makes a direction of the (projected) gradient");
  f("residual", o.residual,
    "the part of a gradient outside its subspace: none, raw (as it is), or fira (scaled column by column)");
  f("residual_scale", o.residual_scale, "kappa: factor on the residual", config::above(0));
  f("residual_growth", o.residual_growth, "largest growth of Fira's residual from one step to the next",
    config::at_least(1));
  f("per_layer", o.per_layer,
    "project each gradient during the backward pass as soon as it is complete and let go of it, so that the gradient "
    "of "
    "the model never exists at once");
  f("norms", o.norms, "record the norm of the projected gradient and the share of the gradient outside the subspaces");
}

void validate(const LowRankOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  const auto forbid = [&](bool wrong, const char* key, const char* why) {
    if (wrong) diagnostics.error(where.at(key), why);
  };
  forbid(o.per_layer && o.residual != ResidualMode::none, "residual",
         "'residual' needs whole gradients at the update; 'per_layer' lets go of them before. Choose one");
  forbid(o.per_layer && o.norms, "norms", "'norms' reads whole gradients; 'per_layer' lets go of them before");
}

}  // namespace talweg::optim
