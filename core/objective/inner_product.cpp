#include "core/objective/inner_product.h"

#include "core/libtorch.h"

namespace talweg {

at::Tensor inner_product(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  if (a.size() == 1) return at::dot(a[0].reshape(-1), b[0].reshape(-1)).to(at::kDouble);
  std::vector<at::Tensor> products;
  products.reserve(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) products.push_back(at::dot(a[i].reshape(-1), b[i].reshape(-1)));
  return at::stack(products).sum(at::kDouble);
}

}  // namespace talweg
