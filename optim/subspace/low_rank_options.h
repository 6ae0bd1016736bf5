#pragma once

#include "core/optimizer/group_options.h"
#include "optim/subspace/moment_rule.h"
#include "optim/subspace/residual.h"
#include "optim/subspace/subspace_options.h"

namespace talweg::optim {

/// Options that galore and lorenza share; the defaults are for pre-training.
struct LowRankOptions {
  double learning_rate = 0.01;
  double weight_decay = 0;
  std::vector<GroupOptions> groups{};
  TargetOptions targets;
  SubspaceOptions subspace;
  config::Component<MomentRuleKind> rule{"adam"};
  ResidualMode residual = ResidualMode::none;
  double residual_scale = 1;
  double residual_growth = 1.01;
  bool per_layer = false;
  bool norms = false;
};
void declare(config::Fields& f, LowRankOptions& o);
void validate(const LowRankOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

}  // namespace talweg::optim
