#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/libtorch.h"
#include "core/random/seeded_normals.h"
#include "optim/function_objective.h"
#include "optim/lorenza.h"

namespace talweg::optim {

inline at::Tensor seeded(at::IntArrayRef sizes, std::uint64_t seed, at::ScalarType type = at::kDouble) {
  at::Tensor tensor = at::empty(sizes, type);
  fill_with_seeded_normals(tensor, seed);
  return tensor;
}

/// A matrix [rows, columns] with orthonormal columns.
inline at::Tensor orthonormal(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  return std::get<0>(at::linalg_qr(seeded({rows, columns}, seed)));
}

/// f = ½‖A∘(W − B)‖² of a 12×16 matrix and ½‖b‖² of a vector: every optimizer has something to project and something
/// not to.
struct LeastSquares {
  explicit LeastSquares(at::ScalarType type = at::kDouble, std::int64_t rows = 12, std::int64_t columns = 16)
      : scales(seeded({rows, columns}, 1, type).abs() + 0.5),
        target(seeded({rows, columns}, 2, type)),
        weight(at::zeros({rows, columns}, type).requires_grad_(true)),
        bias(at::ones({5}, type).requires_grad_(true)),
        parameters{{"layer.weight", weight}, {"layer.bias", bias}},
        objective({weight, bias}, [this](const std::vector<at::Tensor>& p) {
          return 0.5 * (scales * (p[0] - target)).square().sum() + 0.5 * p[1].square().sum();
        }) {}
  LeastSquares(const LeastSquares&) = delete;

  std::vector<at::Tensor> copies() const { return {weight.detach().clone(), bias.detach().clone()}; }

  at::Tensor scales, target, weight, bias;
  ParameterList parameters;
  FunctionObjective objective;
};

/// Small subspaces that change often.
inline LorenzaOptions small_lorenza(std::int64_t rank = 3, std::int64_t interval = 20) {
  register_moment_rules();
  LorenzaOptions o;
  o.low_rank.learning_rate = 0.02;
  o.low_rank.subspace.rank = rank;
  o.low_rank.subspace.interval = interval;
  o.low_rank.subspace.scale = 1;
  o.ascent.zeroth_order.rho = 0.05;
  o.ascent.zeroth_order.probe.probes = 2;
  return o;
}

}  // namespace talweg::optim
