#include "core/linalg/symmetric_eigen.h"

#include "core/device/pinned_memory.h"
#include "core/libtorch.h"
#include "core/linalg/machine_epsilon.h"

namespace talweg::linalg {
namespace {

constexpr int kSweeps = 12;  // quadratic convergence: 6 to 9 are what a thousand columns need

/// Who stands where after a round: the first stays, the others move on by one place around the table.
at::Tensor next_round(std::int64_t n, at::Device device) {
  const std::int64_t half = n / 2;
  std::vector<std::int64_t> from(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) {
    std::int64_t& place = from[static_cast<std::size_t>(i)];
    if (i == 0 || n == 2)
      place = i;
    else if (i == 1)
      place = half;
    else if (i < half)
      place = i - 1;
    else
      place = i == n - 1 ? half - 1 : i + 1;
  }
  return sent_to(device, at::tensor(from, at::kLong));
}

}  // namespace

SymmetricEigen jacobi_eigen(const at::Tensor& matrices) {
  const std::int64_t n = matrices.size(-1), even = n + n % 2, half = even / 2;
  at::Tensor columns = at::nan_to_num(matrices, 0, 0, 0);
  if (even > n) columns = at::constant_pad_nd(columns, {0, 1, 0, 1});
  // A above V: rotations from the right make the columns of A·V orthogonal; their lengths are the eigenvalues.
  at::Tensor both = at::cat({columns, at::eye(even, columns.options()).expand_as(columns)}, -2);
  const at::Tensor order = next_round(even, matrices.device());
  const double epsilon = machine_epsilon(matrices.scalar_type());
  for (std::int64_t round = 0; round < kSweeps * (even - 1); ++round) {
    const at::Tensor p = both.narrow(-1, 0, half), q = both.narrow(-1, half, half);
    const at::Tensor top_p = p.narrow(-2, 0, even), top_q = q.narrow(-2, 0, even);
    const at::Tensor a = top_p.square().sum(-2, true), b = top_q.square().sum(-2, true);
    const at::Tensor c = (top_p * top_q).sum(-2, true);
    const at::Tensor zeta = (b - a) / (2 * c);
    at::Tensor tangent = 1 / (zeta.abs() + (1 + zeta.square()).sqrt());
    tangent = at::where(zeta < 0, -tangent, tangent);
    tangent = at::where(c.abs() > epsilon * (a * b).sqrt(), tangent, at::zeros_like(tangent));
    const at::Tensor cosine = 1 / (1 + tangent.square()).sqrt(), sine = cosine * tangent;
    both = at::cat({cosine * p - sine * q, sine * p + cosine * q}, -1).index_select(-1, order);
  }
  const at::Tensor lengths = at::linalg_vector_norm(both.narrow(-2, 0, n), 2, at::IntArrayRef{-2});
  at::Tensor vectors = both.narrow(-2, even, n);
  // The column of the padding, if any, has length zero and no part in the others: it is told by its vector.
  const at::Tensor kept = vectors.square().sum(-2) > 0.5;
  const auto sorted = at::sort(at::where(kept, lengths, at::full_like(lengths, -1)), -1, /*descending=*/true);
  const at::Tensor index = std::get<1>(sorted).narrow(-1, 0, n);
  return {std::get<0>(sorted).narrow(-1, 0, n),
          vectors.gather(-1, index.unsqueeze(-2).expand_as(vectors.narrow(-1, 0, n)))};
}

SymmetricEigen symmetric_eigen(const at::Tensor& matrices) {
  if (!matrices.device().is_cpu()) return jacobi_eigen(matrices);
  try {
    const auto [values, vectors] = at::linalg_eigh(at::nan_to_num(matrices, 0, 0, 0));
    return {values.flip(-1), vectors.flip(-1)};
  } catch (const c10::LinAlgError&) {
    return jacobi_eigen(matrices);
  }
}

}  // namespace talweg::linalg
