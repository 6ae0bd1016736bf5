#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "optim/derivative_free/frame.h"
#include "optim/derivative_free/observer.h"

namespace talweg::optim {

/// Perturbations of every direction of a frame: K of each, row by row.
struct Perturbations {
  std::vector<double> h;   ///< r·K positive lengths, in units of x
  std::int64_t count = 1;  ///< K

  static Perturbations same(std::int64_t directions, double h) {
    return {std::vector<double>(static_cast<std::size_t>(directions), h), 1};
  }
};

/// Central difference quotients (Y(x + h u_i) − Y(x − h u_i))/(2h) of independent pairs of observations: [r, K, pairs].
/// 2·r·K·pairs evaluations. Points are asked for in blocks of bounded memory. Near the edge of a box a pair lies about
/// the nearest centre with both sides inside.
at::Tensor central_quotients(Observer& observer, const at::Tensor& x, const Frame& frame,
                             const Perturbations& perturbations, std::int64_t pairs);

/// Central quotients of one perturbation, both sides of a pair under the same noise where it can be repeated: [r, 1,
/// pairs].
at::Tensor central_quotients_alike(Observer& observer, const at::Tensor& x, const Frame& frame, double h,
                                   std::int64_t pairs);

/// Forward difference quotients (Ȳ(x + h u_i) − Ȳ(x))/h, in which all directions share the observations of x: [r, 1, n]
/// with n = pairs. (r + 1)·pairs evaluations. Backward where that alone stays in the box.
at::Tensor forward_quotients(Observer& observer, const at::Tensor& x, const Frame& frame, double h, std::int64_t pairs);

}  // namespace talweg::optim
