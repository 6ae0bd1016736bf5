#pragma once

#include <cmath>

#include "core/device/host_read.h"
#include "core/libtorch.h"
#include "core/objective/inner_product.h"
#include "core/objective/objective.h"

namespace talweg::optim {

/// The loss f and ‖g‖² of a step that is decided on the host.
struct GradientReading {
  double value = 0, squared_norm = 0;
  bool is_finite() const { return std::isfinite(value) && std::isfinite(squared_norm); }
};

/// Both numbers in one wait for the device.
inline GradientReading read_gradient(const Evaluation& evaluation, const std::vector<at::Tensor>& gradient) {
  const std::vector<double> read =
      host_read(at::stack({evaluation.value.to(at::kDouble), inner_product(gradient, gradient)}));
  return {read[0], read[1]};
}

}  // namespace talweg::optim
