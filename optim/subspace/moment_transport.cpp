#include <limits>

#include "core/libtorch.h"
#include "optim/subspace/moment_rule.h"

namespace talweg::optim {

// A squared gradient that overflows is infinite, and its coordinate rests; a new basis must not turn it into a NaN.
constexpr double kInfinity = std::numeric_limits<double>::infinity();

void transport_moments(at::Tensor& first, at::Tensor& second, const BasisChange& change, double first_correction,
                       double second_correction) {
  if (change.transport == MomentTransport::keep || first_correction == 0) return;
  const bool left = change.side == ProjectedSide::left;
  const auto map = [&](const at::Tensor& x, const at::Tensor& m) { return left ? at::mm(x, m) : at::mm(m, x.t()); };
  const at::Tensor squares = change.overlap.square();
  if (change.transport == MomentTransport::squared) {
    second.copy_(map(squares, second).nan_to_num_(kInfinity, kInfinity));
    first.copy_(map(change.overlap, first));
    return;
  }
  const at::Tensor mean = first / first_correction;
  const at::Tensor variance = second / second_correction - mean.square();
  second.copy_((map(squares, variance) + map(change.overlap, mean).square())
                   .abs_()
                   .mul_(second_correction)
                   .nan_to_num_(kInfinity, kInfinity));
  first.copy_(map(change.overlap, first));
}

}  // namespace talweg::optim
