#pragma once

#include "core/config/component.h"
#include "optim/ascent/gradient_ascent.h"
#include "optim/ascent/sharpness_aware.h"
#include "optim/ascent/zeroth_order_ascent.h"

namespace talweg::optim {

struct SamOptions {
  GradientAscentOptions ascent;
  config::Component<OptimizerKind> base{"adamw"};
};
void declare(config::Fields& f, SamOptions& o);

/// SAM: the gradient at the point a distance ρ up the gradient, two backward passes per step. Source: Foret et al.
/// 2021.
class Sam : public SharpnessAware {
 public:
  Sam(const ParameterList& parameters, const SamOptions& options);
  Sam(const std::vector<at::Tensor>& parameters, const SamOptions& options)
      : Sam(name_parameters(parameters), options) {}
};

struct AdazoSamOptions {
  ZerothOrderOptions ascent;
  config::Component<OptimizerKind> base{"adamw"};
};
void declare(config::Fields& f, AdazoSamOptions& o);

/// AdaZo-SAM: SAM whose ascent direction is estimated from 2q forward passes over all trainable parameters, so that a
/// step keeps one backward pass. With adapters, those are what is trainable. Source: Refael et al. 2026.
class AdazoSam : public SharpnessAware {
 public:
  AdazoSam(const ParameterList& parameters, const AdazoSamOptions& options);
  AdazoSam(const std::vector<at::Tensor>& parameters, const AdazoSamOptions& options)
      : AdazoSam(name_parameters(parameters), options) {}
};

}  // namespace talweg::optim
