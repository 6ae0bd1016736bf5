#pragma once

#include <ATen/core/Tensor.h>

#include "core/config/component.h"
#include "models/quantum/circuit.h"

namespace talweg::tasks {

/// Registers of a forecast: context qubits, oldest symbol first, then those of the outcome.
struct ForecastQubits {
  std::int64_t context = 3, outcome = 1, assets = 1;
};

/// A circuit whose first `shared` parameters belong to all assets and whose others each asset has for itself.
struct ForecastCircuit {
  models::quantum::Circuit circuit;
  std::int64_t shared = 0, specific = 0;
};

/// The kind of component that `circuit:` chooses in contextual_forecast.
struct ForecastCircuitKind {
  static constexpr const char* name = "circuit";
  using Signature = ForecastCircuit(const ForecastQubits& qubits);
};

/// Registers `ring` and `context_preserving`. Calling it again does nothing.
void register_forecast_circuits();

/// Angles [rows, assets, P] from flat points [rows, shared + assets·specific].
at::Tensor angles_of_points(const at::Tensor& points, const ForecastCircuit& circuit, std::int64_t assets);

}  // namespace talweg::tasks
