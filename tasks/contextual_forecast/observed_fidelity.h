#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "models/quantum/simulator.h"
#include "tasks/contextual_forecast/loaded_rows.h"

namespace talweg::tasks {

/// Where derivatives of fidelities come from.
enum class FidelityGradient {
  adjoint,  ///< exact, by walking the circuit back
  shift,  ///< values at shifted angles, two or four an angle as its gate asks for, each from shots where there are some
  two_terms,  ///< two values an angle, which is refused for gates of which it is wrong
};
inline std::vector<std::pair<std::string, FidelityGradient>> choices(FidelityGradient) {
  return {{"adjoint", FidelityGradient::adjoint},
          {"shift", FidelityGradient::shift},
          {"two_terms", FidelityGradient::two_terms}};
}

/// How fidelities are observed: exactly, or by SWAP tests of so many shots, drawn from the seed.
struct FidelityObservation {
  std::optional<std::int64_t> shots;
  FidelityGradient gradient = FidelityGradient::adjoint;
  std::uint64_t seed = 0;
};

/// Fidelities as SWAP tests estimate them, where there are shots; derivatives are those of the exact ones.
at::Tensor swap_tested(const at::Tensor& exact, const FidelityObservation& how);

/// The fidelity of each row for its angles [R, P]: [R] float, differentiable by the angles. With shots the value is an
/// estimate, and so is the gradient unless it is by `adjoint`. Throws ConfigError for `two_terms` where it is wrong.
at::Tensor observed_fidelity(const models::quantum::Simulator& simulator, const at::Tensor& angles,
                             const LoadedRows& rows, const FidelityObservation& how);

}  // namespace talweg::tasks
