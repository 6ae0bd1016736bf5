#include "core/linalg/symmetric_eigen.h"

#include <ATen/native/BatchLinearAlgebra.h>

#include "core/libtorch.h"

namespace talweg::linalg {

// at::linalg_eigh reads the solver's status on the host after every call and throws on it; the kernel below it does
// neither.
SymmetricEigen symmetric_eigen(const at::Tensor& matrices) {
  const at::Tensor finite = at::nan_to_num(matrices, 0, 0, 0);
  at::Tensor vectors = finite.mT().clone(at::MemoryFormat::Contiguous).mT();  // column-major, as the solvers want it
  const at::IntArrayRef sizes = matrices.sizes();
  at::Tensor values = at::empty(sizes.slice(0, sizes.size() - 1), matrices.options());
  at::Tensor status = at::zeros(sizes.slice(0, sizes.size() - 2), matrices.options().dtype(at::kInt));
  if (matrices.numel() == 0) return {values, vectors};
  at::native::linalg_eigh_stub(matrices.device().type(), values, vectors, status, /*upper=*/false,
                               /*compute_eigenvectors=*/true);
  const at::Tensor solved = status.eq(0);
  values = at::where(solved.unsqueeze(-1), values, finite.diagonal(0, -2, -1)).flip(-1);
  const at::Tensor identity = at::eye(sizes.back(), matrices.options());
  vectors = at::where(solved.unsqueeze(-1).unsqueeze(-1), vectors, identity).flip(-1);
  return {values, vectors};
}

}  // namespace talweg::linalg
