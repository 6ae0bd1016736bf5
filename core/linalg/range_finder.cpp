#include "core/linalg/range_finder.h"

#include <algorithm>
#include <limits>

#include "core/libtorch.h"
#include "core/linalg/symmetric_eigen.h"

namespace talweg::linalg {
namespace {

at::ScalarType working_type(const at::Tensor& matrix) {
  return matrix.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

double epsilon_of(const at::Tensor& matrix) {
  return matrix.scalar_type() == at::kDouble ? std::numeric_limits<double>::epsilon()
                                             : double{std::numeric_limits<float>::epsilon()};
}

std::vector<at::Tensor> in_working_type(const std::vector<at::Tensor>& matrices) {
  std::vector<at::Tensor> list;
  for (const at::Tensor& matrix : matrices) list.push_back(matrix.detach().to(working_type(matrix)));
  return list;
}

/// The power of two just above the largest magnitude of each matrix, [..., 1, 1]: dividing by it rounds nothing. 1
/// where there is none.
at::Tensor scale_of(const at::Tensor& matrices) {
  const at::Tensor largest = matrices.abs().amax(at::IntArrayRef{-2, -1}, /*keepdim=*/true);
  return at::where(largest > 0, largest / std::get<0>(at::frexp(largest)), at::ones_like(largest));
}

/// Finite entries of at most 1, so that sums of squares neither overflow nor vanish; and the scale that was taken out.
struct Scaled {
  at::Tensor matrices, scale;
};
Scaled scaled(const at::Tensor& matrices) {
  at::Tensor finite = at::nan_to_num(matrices, 0, 0, 0);
  const at::Tensor scale = scale_of(finite);
  return {finite.div_(scale), scale};
}

/// A_i·X_i stacked, of whole matrices.
at::Tensor products(const std::vector<at::Tensor>& matrices, const at::Tensor& columns, bool transposed,
                    const Summation& sum) {
  const at::Tensor& first = matrices.front();
  const std::int64_t rows = transposed ? first.size(1) : first.size(0);
  at::Tensor answer = at::empty({static_cast<std::int64_t>(matrices.size()), rows, columns.size(-1)}, first.options());
  for (std::size_t i = 0; i < matrices.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    at::Tensor product = answer[index];
    at::mm_out(product, transposed ? matrices[i].t() : matrices[i], columns[index]);
  }
  if (sum) sum(answer);
  return answer;
}

at::Tensor range_of(const std::vector<at::Tensor>& matrices, const at::Tensor& sketches, std::int64_t power_iterations,
                    const Summation& sum) {
  at::Tensor basis = orthonormal_columns(products(matrices, sketches.to(matrices.front().scalar_type()), false, sum));
  for (std::int64_t i = 0; i < power_iterations; ++i) {
    const at::Tensor rows = orthonormal_columns(products(matrices, basis, true, sum));
    basis = orthonormal_columns(products(matrices, rows, false, sum));
  }
  return basis;
}

/// QR with a diagonal of R that is not negative, which makes Q unique where the columns are independent: the signs of
/// LAPACK's Q differ between libraries and devices. `columns` is Q, `lengths` the diagonal. Of matrices V·Σ whose
/// columns are orthogonal already, in descending order, these are V and Σ, and what is too small to have a direction is
/// completed. Completed columns keep the library's sign: that of a diagonal that is rounding would differ with the
/// order of a sum.
struct Normalised {
  at::Tensor columns, lengths;
};
Normalised normalise_columns(const at::Tensor& matrices) {
  const auto [q, r] = at::linalg_qr(matrices, "reduced");
  const at::Tensor diagonal = r.diagonal(0, -2, -1);
  const at::Tensor lengths = diagonal.abs();
  const double rounding = epsilon_of(matrices) * static_cast<double>(std::max(matrices.size(-2), matrices.size(-1)));
  const at::Tensor negative = diagonal < -rounding * lengths.amax(-1, /*keepdim=*/true);
  return {q * at::where(negative, -at::ones_like(diagonal), at::ones_like(diagonal)).unsqueeze(-2), lengths};
}

/// The pairs turned so that Σ_i cos(i) u_i ≥ 0: their own signs are those of the range's basis, which rounding chooses
/// where A has fewer directions than the basis. No sum or entry that is zero or tied by the structure of gradients
/// decides, and a direction that moves little from one gradient to the next keeps its sign.
SingularPairs turned(SingularPairs pairs) {
  const at::Tensor weights = at::arange(pairs.left.size(-2), pairs.left.options()).cos_().unsqueeze(-1);
  const at::Tensor heights = (pairs.left * weights).sum(-2, /*keepdim=*/true);
  const at::Tensor signs = at::where(heights < 0, -at::ones_like(heights), at::ones_like(heights));
  pairs.left.mul_(signs);
  pairs.right.mul_(signs);
  return pairs;
}

}  // namespace

at::Tensor orthonormal_columns(const at::Tensor& matrices) {
  return normalise_columns(scaled(matrices).matrices).columns;
}

at::Tensor range_basis(const std::vector<at::Tensor>& matrices, const at::Tensor& sketches,
                       std::int64_t power_iterations, const Summation& sum) {
  torch::NoGradGuard no_grad;
  return range_of(in_working_type(matrices), sketches, power_iterations, sum);
}

at::Tensor range_basis_of_rows(const std::vector<at::Tensor>& matrices, const at::Tensor& bases, const Summation& sum) {
  torch::NoGradGuard no_grad;
  return orthonormal_columns(products(in_working_type(matrices), bases, true, sum));
}

SingularPairs randomized_pairs(const std::vector<at::Tensor>& given, const at::Tensor& sketches, std::int64_t rank,
                               std::int64_t power_iterations, const Summation& sum) {
  torch::NoGradGuard no_grad;
  const std::vector<at::Tensor> matrices = in_working_type(given);
  const at::Tensor basis = range_of(matrices, sketches, power_iterations, sum);
  // Qᵀ A = Tᵀ Zᵀ with Aᵀ Q = Z T. Of the core Tᵀ = U Σ Vᵀ the left vectors are those of Tᵀ T, and T U = V Σ.
  const Scaled rows = scaled(products(matrices, basis, true, sum));
  const auto [z, t] = at::linalg_qr(rows.matrices, "reduced");
  const at::Tensor core = t.to(at::kDouble);
  const at::Tensor u = symmetric_eigen(at::matmul(core.mT(), core)).vectors.narrow(-1, 0, rank);
  const Normalised v = normalise_columns(at::matmul(core, u));
  const auto type = basis.scalar_type();
  return turned({at::matmul(basis, u.to(type)), at::matmul(z, v.columns.to(type)),
                 (v.lengths * rows.scale.squeeze(-1)).to(type)});
}

SingularPairs gram_pairs(const at::Tensor& matrices, std::int64_t rank) {
  const bool wide = matrices.size(-2) <= matrices.size(-1);
  const Scaled a = scaled(wide ? matrices : matrices.mT());
  const at::Tensor rows = a.matrices.to(at::kDouble);
  const at::Tensor left = symmetric_eigen(at::matmul(rows, rows.mT())).vectors.narrow(-1, 0, rank);
  const Normalised right = normalise_columns(at::matmul(rows.mT(), left));
  const auto type = matrices.scalar_type();
  SingularPairs pairs{left.to(type), right.columns.to(type), (right.lengths * a.scale.squeeze(-1)).to(type)};
  if (!wide) std::swap(pairs.left, pairs.right);
  return pairs;
}

SingularPairs exact_pairs(const std::vector<at::Tensor>& given, std::int64_t rank) {
  torch::NoGradGuard no_grad;
  const Scaled a = scaled(at::stack(in_working_type(given)));
  SingularPairs pairs;
  try {
    const auto [u, s, vt] = at::linalg_svd(a.matrices, /*full_matrices=*/false);
    pairs = {u.narrow(-1, 0, rank).contiguous(), vt.mT().narrow(-1, 0, rank).contiguous(), s.narrow(-1, 0, rank)};
  } catch (const c10::LinAlgError&) {
    pairs = gram_pairs(a.matrices, rank);
  }
  pairs.values = pairs.values * a.scale.squeeze(-1);
  return pairs;
}

}  // namespace talweg::linalg
