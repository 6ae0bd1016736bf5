#pragma once

#include <memory>

#include "optim/ascent/ascent.h"
#include "optim/ascent/probing.h"

namespace talweg::optim {

struct ZerothOrderOptions {
  double rho = 0.05;
  ProbeOptions probe;
  NormScope norm = NormScope::all;
};
void declare(config::Fields& f, ZerothOrderOptions& o);

/// e = +ρ·E/‖E‖ with E = (1/q) Σ_j D_j P_j, the direction estimated from losses alone. ⟨E, ∇f⟩ = (1/q) Σ D_j² ≥ 0 for
/// small μ, so it never points downhill. With one probe it is ρ·sign(D)·P/‖P‖. Where all D_j are zero, or one is not
/// finite, there is no perturbation; the latter is counted. Source: Refael et al. 2026 (AdaZo-SAM); transcribed formulas
/// carry a minus sign that would make it a descent.
class ZerothOrderAscent : public Ascent {
 public:
  ZerothOrderAscent(std::vector<at::Tensor> parameters, std::unique_ptr<ProbeDirections> directions,
                    const ZerothOrderOptions& options);

  AscentReport climb(Objective& objective, std::int64_t step) override;
  void restore() override;
  void set_streams(const RandomStreams& streams) override { directions_->set_streams(streams); }
  std::int64_t failures() const override { return failures_; }
  void set_failures(std::int64_t failures) override { failures_ = failures; }

  ProbeDirections& directions() { return *directions_; }

 private:
  ZerothOrderOptions options_;
  std::unique_ptr<ProbeDirections> directions_;
  DisplacedParameters about_;
  bool displaced_ = false;
  std::int64_t failures_ = 0;
};

}  // namespace talweg::optim
