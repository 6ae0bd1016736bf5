#include "optim/subspace/basis_finder.h"

#include <algorithm>

#include "core/libtorch.h"
#include "core/linalg/range_finder.h"
#include "core/random/seeded_normals.h"

namespace talweg::optim {

void BasisFinder::find(const std::vector<ProjectedMatrix*>& matrices, const std::vector<at::Tensor>& gradients,
                       std::int64_t renewal, const SumOfParts& sum) const {
  torch::NoGradGuard no_grad;
  const Basis& first = matrices.front()->basis();
  const bool left = first.side == ProjectedSide::left;
  // The projected side takes the place of the rows, so that the sketch's range is what it becomes.
  std::vector<at::Tensor> oriented;
  for (const at::Tensor& gradient : gradients) oriented.push_back(left ? gradient : gradient.t());
  const std::int64_t rank = first.projector().size(1);
  const std::int64_t shorter = std::min(oriented.front().size(0), oriented.front().size(1));
  const bool plain = options_.method == BasisMethod::range_finder;
  const std::int64_t width = plain ? rank : std::min(rank + options_.oversampling, shorter);

  linalg::Summation sum_products;
  if (sum) sum_products = [&sum](const at::Tensor& products) { sum({products}); };
  linalg::SingularPairs pairs;
  if (options_.method == BasisMethod::exact_svd) {
    pairs = linalg::exact_pairs(gradients, rank);  // of G as it lies, so that signs are those of GaLore's code
    if (!left) std::swap(pairs.left, pairs.right);
  } else {
    const at::Tensor sketches = at::empty({static_cast<std::int64_t>(matrices.size()), oriented.front().size(1), width},
                                          first.projector().options());
    for (std::size_t i = 0; i < matrices.size(); ++i)
      fill_with_seeded_normals(sketches[static_cast<std::int64_t>(i)],
                               streams_.seed_of("sketch/" + matrices[i]->name(), static_cast<std::uint64_t>(renewal)));
    if (!plain) {
      pairs = linalg::randomized_pairs(oriented, sketches, rank, options_.power_iterations, sum_products);
    } else {
      pairs.left = linalg::range_basis(oriented, sketches, 0, sum_products);
      if (paired_) pairs.right = linalg::range_basis_of_rows(oriented, pairs.left, sum_products);
    }
  }
  for (std::size_t i = 0; i < matrices.size(); ++i) {
    Basis basis;
    basis.side = first.side;
    (left ? basis.left : basis.right) = pairs.left[static_cast<std::int64_t>(i)];
    if (paired_) (left ? basis.right : basis.left) = pairs.right[static_cast<std::int64_t>(i)];
    matrices[i]->offer(std::move(basis));
  }
}

}  // namespace talweg::optim
