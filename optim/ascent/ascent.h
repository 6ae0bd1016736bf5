#pragma once

#include <optional>

#include "core/objective/objective.h"
#include "core/optimizer/optimizer.h"
#include "core/random/random_streams.h"

namespace talweg::optim {

/// Passes that moving up the loss took, and values that it saw.
struct AscentReport {
  std::optional<at::Tensor> loss;  ///< f(θ) before, where it is known
  std::int64_t forwards = 0;       ///< those of `backwards` included
  std::int64_t backwards = 0;
  std::vector<double> slopes;  ///< of the probes
  at::Tensor estimate_norm;    ///< ‖(1/q) Σ D_j P_j‖, scalar; undefined without a perturbation
};

/// The perturbation of sharpness-aware methods: moves parameters a fixed distance up the loss, so that the gradient
/// is taken there, and puts them back bit for bit.
class Ascent {
 public:
  virtual ~Ascent() = default;

  /// Leaves the parameters displaced, or where they are when no direction was found. `step` counts from 0.
  virtual AscentReport climb(Objective& objective, std::int64_t step) = 0;
  virtual void restore() = 0;

  virtual void set_streams(const RandomStreams&) {}
  /// Steps that went on without perturbation because a probe was not finite.
  virtual std::int64_t failures() const { return 0; }
  virtual void set_failures(std::int64_t) {}
};

}  // namespace talweg::optim
