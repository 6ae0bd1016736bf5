#pragma once

#include "optim/ascent/ascent.h"
#include "optim/ascent/displaced_parameters.h"

namespace talweg::optim {

struct GradientAscentOptions {
  double rho = 0.05;
  bool adaptive = false;
  NormScope norm = NormScope::all;
};
void declare(config::Fields& f, GradientAscentOptions& o);

/// e = ρ·∇f/‖∇f‖, at the price of a second backward pass; adaptive: e = ρ·θ²∘∇f/‖|θ|∘∇f‖, which does not depend on the
/// scale of the parameters. Source: Foret et al. 2021 (SAM); Kwon et al. 2021 (ASAM).
class GradientAscent : public Ascent {
 public:
  GradientAscent(std::vector<at::Tensor> parameters, const GradientAscentOptions& options)
      : options_(options), about_(std::move(parameters)) {}

  AscentReport climb(Objective& objective, std::int64_t step) override;
  void restore() override;

 private:
  GradientAscentOptions options_;
  DisplacedParameters about_;
  bool displaced_ = false;
};

}  // namespace talweg::optim
