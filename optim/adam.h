#pragma once

#include "core/optimizer/gradient_optimizer.h"

namespace talweg::optim {

/// λθ is added to the gradient and goes through the moments.
struct CoupledDecay {
  static constexpr double usual = 0;
  static constexpr const char* meaning = "L2 penalty lambda, added to the gradient";
};

/// Hyper-parameters of Adam with one of the ways in which weights decay.
template <class Decay>
struct AdamOptionsWith {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = Decay::usual;
  bool amsgrad = false;
  std::vector<GroupOptions> groups{};
};
template <class Decay>
void declare(config::Fields& f, AdamOptionsWith<Decay>& o);

/// Adam: m ← β1·m + (1−β1)g, v ← β2·v + (1−β2)g², θ ← θ − η·m̂/(√v̂ + ε). One fused kernel per step and
/// group.
/// Source: Kingma and Ba 2015, algorithm 1; amsgrad: Reddi et al. 2018.
template <class Decay>
class AdamWith : public GradientOptimizer {
 public:
  AdamWith(ParameterList parameters, const AdamOptionsWith<Decay>& options);
  AdamWith(const std::vector<at::Tensor>& parameters, const AdamOptionsWith<Decay>& options)
      : AdamWith(name_parameters(parameters), options) {}

 protected:
  void update(const ParameterGroup& group) override;

 private:
  AdamOptionsWith<Decay> options_;
  Memory first_, second_, largest_second_;  // m, v, and with amsgrad the largest v so far
};

/// Adam with an L2 penalty: g includes λθ.
using Adam = AdamWith<CoupledDecay>;
using AdamOptions = AdamOptionsWith<CoupledDecay>;

}  // namespace talweg::optim
