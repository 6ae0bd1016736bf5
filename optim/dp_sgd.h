#pragma once

#include "optim/privacy/private_optimizer.h"
#include "optim/sgd.h"

namespace talweg::optim {

struct DpSgdOptions {
  PrivacyOptions privacy;
  SgdOptions update;
  std::optional<DomainOptions> domain;
};
void declare(config::Fields& f, DpSgdOptions& o);
void validate(const DpSgdOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Differentially private SGD: clipped per-example gradients, Gaussian noise, and with a domain one projection of all
/// parameters after every step (DPSGD-GC and DPSGD-DC of Liang et al. 2026). Source: Abadi et al. 2016, algorithm 1.
class DpSgd : public PrivateOptimizer {
 public:
  DpSgd(ParameterList parameters, const DpSgdOptions& options);
};

struct DpOptions {
  PrivacyOptions privacy;
  config::Component<OptimizerKind> inner{"adamw"};
};
void declare(config::Fields& f, DpOptions& o);
void validate(const DpOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Another optimizer on privatised gradients, such as DP-Adam. Its guarantee is that of DP-SGD with the same noise.
class Dp : public PrivateOptimizer {
 public:
  Dp(ParameterList parameters, const DpOptions& options);
};

}  // namespace talweg::optim
