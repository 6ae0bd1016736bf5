#include "tasks/contextual_forecast/forecast_circuit.h"

#include <fmt/format.h>

#include <optional>

#include "core/error.h"
#include "core/libtorch.h"
#include "models/quantum/ansatz.h"

namespace talweg::tasks {
namespace {

struct RingOptions {
  std::optional<std::int64_t> shared_layers, specific_layers;
};
void declare(config::Fields& f, RingOptions& o) {
  f("shared_layers", o.shared_layers,
    "layers whose angles all assets have in common (default: 4 of one asset, 2 of several)", config::at_least(0),
    config::at_most(1000));
  f("specific_layers", o.specific_layers,
    "layers of which each asset has its own angles (default: none of one asset, 2 of several)", config::at_least(0),
    config::at_most(1000));
}
void validate(const RingOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.shared_layers == 0 && o.specific_layers.value_or(0) == 0)
    diagnostics.error(where.at("shared_layers"),
                      "a circuit without layers has nothing to train; give 'specific_layers'");
}

ForecastCircuit ring(const RingOptions& o, const ForecastQubits& qubits) {
  const bool alone = qubits.assets == 1;
  const std::int64_t n = qubits.context + qubits.outcome, shared = o.shared_layers.value_or(alone ? 4 : 2),
                     specific = o.specific_layers.value_or(alone ? 0 : 2);
  return {models::quantum::share_and_specify(n, shared, specific), 2 * n * shared, 2 * n * specific};
}

struct ContextPreservingOptions {};
void declare(config::Fields&, ContextPreservingOptions&) {}

ForecastCircuit context_preserving(const ContextPreservingOptions&, const ForecastQubits& qubits) {
  if (qubits.outcome != 1)
    throw ConfigError(fmt::format(
        "task.circuit: 'context_preserving' rotates one qubit of the outcome; this outcome has {}", qubits.outcome));
  return {models::quantum::context_preserving(qubits.context), 0, std::int64_t{1} << qubits.context};
}

}  // namespace

void register_forecast_circuits() {
  static const bool once = [] {
    auto& registry = config::Registry<ForecastCircuitKind>::instance();
    registry.add<RingOptions>("ring", "RY, RZ and a ring of CNOTs, in layers that assets share or have for themselves",
                              "Mourya et al. 2025 (arXiv 2503.01884)", ring);
    registry.add<ContextPreservingOptions>(
        "context_preserving", "a rotation of the outcome for each context, which leaves contexts as they are", "ours",
        context_preserving);
    return true;
  }();
  (void)once;
}

at::Tensor angles_of_points(const at::Tensor& points, const ForecastCircuit& circuit, std::int64_t assets) {
  const at::Tensor shared = points.slice(1, 0, circuit.shared).unsqueeze(1);
  const at::Tensor specific = points.slice(1, circuit.shared).view({points.size(0), assets, circuit.specific});
  return at::cat({shared.expand({-1, assets, -1}), specific}, 2);
}

}  // namespace talweg::tasks
